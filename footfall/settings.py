"""Every setting of Footfall, in one place.

A value comes from, in rising order: the default below, the TOML file (``FOOTFALL_CONFIG``, else ``./footfall.toml``),
the environment (``FOOTFALL_<NAME>``). ``footfall config`` prints what is in force and where each value came from.
Tables (``api_reasons``) and lists of them (``write_keys``) are TOML in the file and JSON in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from footfall.logs import LogFormat
from footfall.memory import memory_bytes, warehouse_default
from footfall.origins import no_origin
from footfall.paths import Paths, unfit
from footfall.reasons import Reasons, ReasonsError
from footfall.settings_file import SettingsError as SettingsError
from footfall.settings_file import read_settings_file

REPO = Path(__file__).resolve().parent.parent

#: Keys that stand in this public repository: fine on a laptop, warned about by ``footfall doctor``.
DEMO_KEYS = frozenset(
    {
        "ff_demo_write_key",
        "ff_trusted_write_key",
        "ff_demo_public_key",
        "ff_demo_secret_key",
        "ff_demo_identity_secret",
    }
)

#: Settings that `footfall config` doesn't show in full. Write keys and public keys are public.
SECRETS = frozenset({"api_secret_keys", "identity_secrets", "shopify_secrets"})

Port = Annotated[int, Meta(ge=0, le=65535)]
#: An empty one would be everybody's: whoever signs with nothing would be believed.
Secret = Annotated[str, Meta(min_length=8)]

#: A request to be forgotten may wait for 30 days, and its message is the only record of it (docs/operator/people.md).
MIN_RETENTION_DAYS = 31

#: Variables of our own that are no settings.
_OTHER_VARIABLES = frozenset(
    {"FOOTFALL_CONFIG", "FOOTFALL_DAGSTER_DIR", "FOOTFALL_DBT_TARGET", "FOOTFALL_TOGETHER"}
)

#: What a setting was called before. If an old name were ignored, an upgraded API would take the public demo's keys.
_RENAMED = {
    "api_public_key": "api_public_keys",
    "api_secret_key": "api_secret_keys",
    "identity_secret": "identity_secrets",
}


class WriteKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that may write events. Write keys are public identifiers, not secrets (tracking plan, "Request")."""

    key: Annotated[str, Meta(min_length=4, max_length=255)]
    source: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    """The name that stands in the lake's ``source`` column."""
    trusted: bool = False
    """History from elsewhere: timestamps are kept as sent instead of being corrected by the clock skew."""
    origins: tuple[str, ...] = ("*",)
    """Browser origins that may use the key; requests without an Origin header (servers) pass. None: a server's key."""
    messages_per_second: Annotated[float, Meta(gt=0)] | None = None
    """Quota of the key, in all workers of one collector together; None is none."""
    burst: Annotated[int, Meta(ge=1)] | None = None
    """Messages that may come at once; None is ten seconds' worth."""
    messages_per_second_of_address: Annotated[float, Meta(gt=0)] | None = None
    """Quota of one address prefix (v4 /24, v6 /48) with this key; its burst is ten seconds' worth."""

    @property
    def is_of_a_server(self) -> bool:
        """No page may use it: what comes with it is told by a program on behalf of people."""
        return self.trusted or not self.origins


def _default_write_keys() -> tuple[WriteKey, ...]:
    return (
        WriteKey(key="ff_demo_write_key", source="shop_pixel"),
        WriteKey(key="ff_trusted_write_key", source="history", trusted=True, origins=()),
    )


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings in force. ``footfall config`` prints the description of each beside its value."""

    data: Annotated[Path, Meta(description="directory that holds everything Footfall writes")] = Path("data")
    pixel_dir: Annotated[Path, Meta(description="built pixel that the collector serves")] = (
        REPO / "pixel" / "dist"
    )

    collector_host: Annotated[str, Meta(description="address the collector listens on")] = "127.0.0.1"
    collector_port: Annotated[Port, Meta(description="port of the collector")] = 8710
    collector_workers: Annotated[int, Meta(ge=1, description="collector processes")] = 1
    collector_path: Annotated[
        str,
        Meta(
            pattern=r"^(/[A-Za-z0-9_.~-]+)+$",
            description="the pixel's short path to the collector (data-path), beside /v1/batch",
        ),
    ] = "/v1/b"
    trust_forwarded_for: Annotated[
        bool, Meta(description="take the visitor's address from X-Forwarded-For (only behind your own proxy)")
    ] = False
    seal_bytes: Annotated[int, Meta(ge=1024, description="a landing segment is sealed at this size")] = (
        64 * 2**20
    )
    seal_seconds: Annotated[float, Meta(gt=0, description="... or at this age")] = 15.0
    min_free_bytes: Annotated[
        int, Meta(ge=0, description="below this much free disk the collector answers 503")
    ] = 2**30
    ship_to: Annotated[
        str,
        Meta(
            description="bucket for sealed segments: s3://, gs://, az://, file:///dir; empty: the loader here has them"
        ),
    ] = ""
    write_keys: Annotated[
        tuple[WriteKey, ...], Meta(description="who may send events: key, source, trusted, origins")
    ] = msgspec.field(default_factory=_default_write_keys)

    cookie_domain: Annotated[
        str,
        Meta(description="domain of the guest cookie that /v1/guest sets; empty: the collector's own host"),
    ] = ""
    shopify_secrets: Annotated[
        tuple[Secret, ...],
        Meta(
            description="client secrets of the Shopify app, the new one first; without: no webhooks, no App Proxy"
        ),
    ] = ()
    shopify_shops: Annotated[
        tuple[str, ...],
        Meta(
            description="x.myshopify.com domains whose webhooks are taken; empty: any that the secret signs"
        ),
    ] = ()
    shopify_source: Annotated[
        str,
        Meta(
            pattern=r"^[a-z][a-z0-9_]{0,62}$", description="name of the webhooks in the lake's source column"
        ),
    ] = "shopify"

    api_host: Annotated[str, Meta(description="address the API listens on")] = "127.0.0.1"
    api_port: Annotated[Port, Meta(description="port of the API")] = 8720
    api_workers: Annotated[int, Meta(ge=1, description="API processes")] = 1
    api_public_keys: Annotated[
        tuple[Secret, ...],
        Meta(
            description="browser keys, the new one first: public lists and the caller's own guest token; empty: none"
        ),
    ] = ("ff_demo_public_key",)
    api_secret_keys: Annotated[
        tuple[Secret, ...],
        Meta(description="server keys, the new one first: everything; empty: nobody may"),
    ] = ("ff_demo_secret_key",)
    api_origins: Annotated[tuple[str, ...], Meta(description="browser origins that may call the API")] = (
        "*",
    )
    api_public_per_second: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="requests a second that public keys may make, in all; empty: any"),
    ] = None
    api_public_per_second_of_address: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="the same for one address prefix (v4 /24, v6 /48), keyless requests included"),
    ] = None
    api_secret_per_second: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="requests a second that secret keys may make, in all; empty: any"),
    ] = None
    api_secret_per_second_of_address: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="the same for one address prefix")
    ] = None
    api_language: Annotated[
        str, Meta(description="language of reasons where a request names none of those there are")
    ] = "en"
    api_reasons: Annotated[
        dict[str, dict[str, str]],
        Meta(description="a shop's own words for reasons: templates by source, by language"),
    ] = {}
    identity_secrets: Annotated[
        tuple[Secret, ...],
        Meta(
            description="HMAC secrets with which the shop's server signs a user id for the browser, the new one first"
        ),
    ] = ("ff_demo_identity_secret",)
    api_prove_users: Annotated[
        bool,
        Meta(
            description="a guest token that a user logged in with gets that user's list only with their signature"
        ),
    ] = False
    storefront_url: Annotated[
        str, Meta(description="address before /products/<handle>; empty: paths on the shop")
    ] = ""
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="ISO code of the catalog's prices")] = (
        "GBP"
    )
    catalog_language: Annotated[
        str,
        Meta(
            description="language of the product texts (english, german, ...); auto: read off their small words"
        ),
    ] = "auto"
    retention_days: Annotated[
        Annotated[int, Meta(ge=MIN_RETENTION_DAYS)] | None,
        Meta(description="days that are kept after their events arrived, at least 31; empty: all, for ever"),
    ] = None
    keep_snapshots: Annotated[int, Meta(ge=1, description="published snapshots kept for rollback")] = 3

    snapshot_min_ratio: Annotated[
        float,
        Meta(
            ge=0, le=1, description="a snapshot whose tables shrink below this share of the last is held back"
        ),
    ] = 0.5
    # Of the first ten neighbours of a visitor without news 97 % are the same a day later, 85 % a week later, 57 % a
    # month later (docs/measurements.md); whoever comes back has a new list with the run.
    affinity_rebuild_hours: Annotated[
        float,
        Meta(
            ge=0, description="all visitors get new neighbours after so long; in between those with news do"
        ),
    ] = 168.0
    evaluation_hours: Annotated[
        float,
        Meta(
            ge=0, description="the recommendations are measured again after so long, or when a rule changed"
        ),
    ] = 23.0
    evaluation_min_cases: Annotated[
        int,
        Meta(ge=1, description="a measure over fewer visitors or clicks says nothing and holds nothing back"),
    ] = 100
    tuning_seconds: Annotated[
        float, Meta(gt=0, description="time that a search for better settings may take")
    ] = 600.0
    quality_max_fall: Annotated[
        float,
        Meta(
            ge=0, le=1, description="publishing stops when measured quality falls by more; 1 lets all through"
        ),
    ] = 0.2

    log_format: Annotated[
        LogFormat, Meta(description="text for people, or json: an object a line on stderr")
    ] = "text"
    shop_port: Annotated[Port, Meta(description="port of the demo shop")] = 8700
    dagster_port: Annotated[Port, Meta(description="port of Dagster's UI")] = 3000
    load_from: Annotated[
        str, Meta(description="bucket that the loader takes other collectors' segments from; empty: none")
    ] = ""
    sensor_seconds: Annotated[
        int, Meta(ge=1, description="how often the sensor looks for sealed segments, at most every 5 s")
    ] = 2
    kept_fast_runs: Annotated[
        int, Meta(ge=1, description="finished runs of the fast lane whose log is kept (0.6 MB each)")
    ] = 500
    warehouse_memory: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]+([.][0-9]+)? *([KMGT]i?)?B$",
            description="memory limit of a DuckDB connection, as 4GB or 512MiB; by itself 4GB, less below 9 GB in all",
        ),
    ] = msgspec.field(default_factory=lambda: warehouse_default(memory_bytes()))

    @property
    def paths(self) -> Paths:
        """Where things stand under ``data`` (absolute)."""
        return Paths(self.data.absolute())

    @property
    def collector_url(self) -> str:
        return f"http://{_reachable(self.collector_host)}:{self.collector_port}"

    @property
    def api_url(self) -> str:
        return f"http://{_reachable(self.api_host)}:{self.api_port}"

    @property
    def shop_url(self) -> str:
        return f"http://127.0.0.1:{self.shop_port}"

    @property
    def dagster_url(self) -> str:
        return f"http://127.0.0.1:{self.dagster_port}"

    @property
    def trusted_key(self) -> WriteKey:
        """The first trusted write key. Raises SettingsError where none is declared."""
        for key in self.write_keys:
            if key.trusted:
                return key
        raise SettingsError(
            "no trusted write key: add one to write_keys (trusted = true) to bring in history"
        )

    @property
    def public_key(self) -> str:
        """The public key for a page: the newest. Raises SettingsError where there is none."""
        if not self.api_public_keys:
            raise SettingsError("no public key: a page can't ask the API without one, set api_public_keys")
        return self.api_public_keys[0]


class Setting(msgspec.Struct, frozen=True):
    """One row of ``footfall config``."""

    name: str
    value: Any
    origin: str
    description: str


def _reachable(host: str) -> str:
    """The address by which a client on this machine finds who listens on ``host``, as it stands in a URL."""
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _dec_hook(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        if not value:
            raise ValueError("an empty path, which would be the working directory")
        try:
            return Path(value).expanduser()
        except RuntimeError:
            raise ValueError(f"{value!r} begins with the home directory of a user who is not known") from None
    raise NotImplementedError(f"can't read a {kind}")


#: How tables are written, in the file and in the environment.
_EXAMPLES = {
    "write_keys": """
  footfall.toml:       [[write_keys]]
                       key = "..."
                       source = "shop_pixel"
                       origins = ["https://shop.example"]
  FOOTFALL_WRITE_KEYS: [{"key": "...", "source": "shop_pixel", "origins": ["https://shop.example"]}]""",
    "api_reasons": """
  footfall.toml:        [api_reasons.de]
                        similar_text = "Passt zu {title}"
  FOOTFALL_API_REASONS: {"de": {"similar_text": "Passt zu {title}"}}""",
}


def _takes_none(hint: Any) -> bool:
    return any(type(None) in get_args(part) for part in (hint, *get_args(hint)))


def _is(kind: type, hint: Any) -> bool:
    return any(get_origin(part) is kind for part in (hint, *get_args(hint)))


def _convert(name: str, value: Any, hint: Any, origin: str, *, from_text: bool) -> Any:
    try:
        # A variable can't be null: `FOOTFALL_X=` of an environment file is how one says "none".
        if from_text and value == "" and _takes_none(hint):
            return None
        if from_text and _is(dict, hint):
            value = msgspec.json.decode(value or "{}")
        if from_text and _is(tuple, hint):
            value = (
                msgspec.json.decode(value)
                if value.lstrip().startswith("[")
                else [part.strip() for part in value.split(",") if part.strip()]
            )
        return msgspec.convert(value, hint, strict=not from_text, dec_hook=_dec_hook)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise SettingsError(
            f"{name} (from {origin}): {error}. It is: {_description(hint)}{_EXAMPLES.get(name, '')}"
        ) from None


def explain_settings(env: Mapping[str, str] | None = None) -> tuple[Settings, list[Setting]]:
    """Read the settings and where each came from.

    Raises SettingsError for an unknown name, a value of the wrong type, or a file that is not TOML.
    """
    env = os.environ if env is None else env
    hints = get_type_hints(Settings, include_extras=True)
    values, origins = _read(env, hints)
    settings = Settings(**values)
    _check(settings)
    rows = [
        Setting(name, getattr(settings, name), origins.get(name, "default"), _description(hint))
        for name, hint in hints.items()
    ]
    return settings, rows


def _read(env: Mapping[str, str], hints: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings that somebody set, and where each came from. Raises SettingsError."""
    file, from_file = read_settings_file(env)
    for old, new in _RENAMED.items():
        if old in from_file or f"FOOTFALL_{old.upper()}" in env:
            raise SettingsError(
                f"{old} is called {new} now, and holds several, the new one first. "
                f'footfall.toml: {new} = ["..."]; FOOTFALL_{new.upper()}: new,old'
            )
    if unknown := sorted(set(from_file) - set(hints)):
        raise SettingsError(
            f"{file}: unknown setting {', '.join(unknown)}. `footfall config` lists the names"
        )

    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, hint in hints.items():
        variable = f"FOOTFALL_{name.upper()}"
        if variable in env:
            values[name] = _convert(name, env[variable], hint, variable, from_text=True)
            origins[name] = variable
        elif name in from_file:
            values[name] = _convert(name, from_file[name], hint, str(file), from_text=False)
            origins[name] = str(file)
    return values, origins


def _check(settings: Settings) -> None:
    """What the types of the settings don't say. Raises SettingsError."""
    if sign := unfit(settings.paths.data):
        raise SettingsError(
            f"data: {settings.paths.data} has {sign} in its name, by which DuckDB or Dagster would take it for another "
            "directory, or for several. Choose another with FOOTFALL_DATA, or work elsewhere"
        )
    if set(settings.api_public_keys) & set(settings.api_secret_keys):
        raise SettingsError(
            "api_public_keys and api_secret_keys share a key: the one in the shop's pages would open everything"
        )
    written = [key.key for key in settings.write_keys]
    if twice := sorted({key for key in written if written.count(key) > 1}):
        raise SettingsError(
            f"write_keys has {twice[0]} twice: which of the two a message comes with can't be told"
        )
    pages = [
        ("api_origins", settings.api_origins),
        *(("write_keys", key.origins) for key in settings.write_keys),
    ]
    for name, listed in pages:
        if wrong := no_origin(listed):
            raise SettingsError(f"{name}: {wrong!r} is no page's origin. It is: https://shop.example, or *")
    try:
        Reasons(settings.api_reasons, settings.api_language)
    except ReasonsError as error:
        raise SettingsError(f"api_reasons, api_language: {error}{_EXAMPLES['api_reasons']}") from None


def unknown_variables(env: Mapping[str, str] | None = None) -> dict[str, str | None]:
    """``FOOTFALL_*`` variables that set nothing, each with the name that was perhaps meant.

    They are no error: an orchestrator of containers makes variables of a service's name, like ``FOOTFALL_PORT``.
    """
    env = os.environ if env is None else env
    known = [f"FOOTFALL_{field.upper()}" for field in Settings.__struct_fields__]
    strange = sorted(
        name
        for name in env
        if name.startswith("FOOTFALL_") and name not in known and name not in _OTHER_VARIABLES
    )
    return {name: next(iter(get_close_matches(name, known, n=1)), None) for name in strange}


def _description(hint: Any) -> str:
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, Meta) and meta.description:
            return meta.description
    return ""


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """The settings in force; see ``explain_settings`` for what it raises."""
    return explain_settings(env)[0]


def settings_with_events() -> Settings:
    """The settings in force, for verbs that look into what was collected.

    Raises SettingsError as ``explain_settings`` does, and where nothing was ever collected: at a wrong place every
    answer would be "nothing", also to a person who asks what is held about them.
    """
    settings = load_settings()
    paths = settings.paths
    if not (paths.lake.exists() or paths.landing.exists() or settings.load_from):
        raise SettingsError(
            f"{paths.data} holds no events. Is it the shop's data directory? FOOTFALL_DATA says where that is, "
            "or the file that FOOTFALL_CONFIG names"
        )
    return settings
