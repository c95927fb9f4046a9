"""The settings themselves: each with its type, its default, and what ``footfall config`` says about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from footfall.runtime.logs import LogFormat
from footfall.runtime.memory import memory_bytes, warehouse_default
from footfall.runtime.origins import origin_of
from footfall.runtime.paths import Paths

REPO = Path(__file__).resolve().parents[2]

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
SECRETS = frozenset(
    {
        "api_secret_keys",
        "identity_secrets",
        "shopify_secrets",
        "notify_webhook",  # who knows the address of a chat's webhook can write there
        "notify_smtp_password",
    }
)

Port = Annotated[int, Meta(ge=0, le=65535)]
#: An empty one would be everybody's: whoever signs with nothing would be believed.
Secret = Annotated[str, Meta(min_length=8)]
#: What stands in the lake's ``source`` column.
SourceName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
#: Of a quota: messages or requests a second.
Rate = Annotated[float, Meta(gt=0)]

MailAddress = Annotated[str, Meta(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$")]

#: A request to be forgotten may wait for 30 days, and its message is the only record of it (docs/operator/people.md).
MIN_RETENTION_DAYS = 31


class SettingsError(Exception):
    """A setting that can't be read; the message names the setting, its source and what it must look like."""


class WriteKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that may write events. Write keys are public identifiers, not secrets (tracking plan, "Request")."""

    key: Annotated[str, Meta(min_length=4, max_length=255)]
    source: SourceName
    trusted: bool = False
    """History from elsewhere: timestamps are kept as sent instead of being corrected by the clock skew."""
    origins: tuple[str, ...] = ("*",)
    """Browser origins that may use the key; requests without an Origin header (servers) pass. None: a server's key."""
    messages_per_second: Rate | None = None
    """Quota of the key, in all workers of one collector together; None is none."""
    burst: Annotated[int, Meta(ge=1)] | None = None
    """Messages that may come at once; None is ten seconds' worth."""
    messages_per_second_of_address: Rate | None = None
    """Quota of one address prefix (v4 /24, v6 /48) with this key; its burst is ten seconds' worth."""

    @property
    def is_of_a_server(self) -> bool:
        """No page may use it: what comes with it is told by a program on behalf of people."""
        return self.trusted or not self.origins


class CatalogSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A catalogue that is fetched from an address, into ``catalog/<name>.<ending>``."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    url: Annotated[str, Meta(pattern=r"^https?://[^\s/@?#]+([/?][^\s#]*)?$")]
    """Without a user or a password in it: those are ``headers``."""
    every_minutes: Annotated[int, Meta(ge=5)] = 60
    headers: dict[str, str] = {}
    """Sent to the origin of ``url`` alone, as ``Authorization``."""
    allow_private: bool = False
    """It may be on this machine or in a private network."""
    max_mb: Annotated[float, Meta(gt=0, le=1024)] = 200
    """After gzip."""
    max_seconds: Annotated[float, Meta(gt=0, le=3600)] = 300


def _default_write_keys() -> tuple[WriteKey, ...]:
    return (
        WriteKey(key="ff_demo_write_key", source="shop_pixel"),
        WriteKey(key="ff_trusted_write_key", source="history", trusted=True, origins=()),
    )


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The current settings. ``footfall config`` prints the description of each beside its value."""

    data: Annotated[Path, Meta(description="directory that holds everything Footfall writes")] = Path("data")
    pixel_dir: Annotated[Path, Meta(description="built pixel that the collector serves")] = (
        REPO / "pixel" / "dist"
    )
    pixel_path: Annotated[
        str,
        Meta(
            pattern=r"^(?!/footfall-)(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*/[A-Za-z0-9_~-]+\.js$",
            description="a second address of /footfall.js, as /assets/shop.js; the other files follow its name",
        ),
    ] = "/footfall.js"

    dbt_project: Annotated[
        Path,
        Meta(
            description="dbt project to run: the shop's own, with Footfall's as a package (`footfall dbt-init`)"
        ),
    ] = REPO / "dbt_project"

    collector_host: Annotated[str, Meta(description="address the collector listens on")] = "127.0.0.1"
    collector_port: Annotated[Port, Meta(description="port of the collector")] = 8710
    collector_workers: Annotated[int, Meta(ge=1, description="collector processes")] = 1
    collector_path: Annotated[
        str,
        Meta(
            pattern=r"^(/[A-Za-z0-9_.~-]+)+$",
            description="short path to the collector for the pixel (data-path), in addition to /v1/batch",
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
            description="bucket for sealed segments: s3://, gs://, az://, file:///dir; empty: loaded on this machine"
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
        Meta(description="client secrets of the Shopify app, newest first; empty: no webhooks, no App Proxy"),
    ] = ()
    shopify_shops: Annotated[
        tuple[str, ...],
        Meta(
            description="x.myshopify.com domains whose webhooks are accepted; empty: all signed with the secret"
        ),
    ] = ()
    shopify_source: Annotated[
        SourceName, Meta(description="value of the lake's source column for webhooks")
    ] = "shopify"

    api_host: Annotated[str, Meta(description="address the API listens on")] = "127.0.0.1"
    api_port: Annotated[Port, Meta(description="port of the API")] = 8720
    api_workers: Annotated[int, Meta(ge=1, description="API processes")] = 1
    api_public_keys: Annotated[
        tuple[Secret, ...],
        Meta(
            description="browser keys, newest first: public lists and the caller's own guest token; empty: no access"
        ),
    ] = ("ff_demo_public_key",)
    api_secret_keys: Annotated[
        tuple[Secret, ...],
        Meta(description="server keys, newest first: everything; empty: no access"),
    ] = ("ff_demo_secret_key",)
    api_origins: Annotated[tuple[str, ...], Meta(description="browser origins that may call the API")] = (
        "*",
    )
    api_public_per_second: Annotated[
        Rate | None,
        Meta(description="requests a second with public keys, in total; empty: no limit"),
    ] = None
    api_public_per_second_of_address: Annotated[
        Rate | None,
        Meta(
            description="the same for one address prefix (v4 /24, v6 /48), including requests without a key"
        ),
    ] = None
    api_secret_per_second: Annotated[
        Rate | None,
        Meta(description="requests a second with secret keys, in total; empty: no limit"),
    ] = None
    api_secret_per_second_of_address: Annotated[
        Rate | None, Meta(description="the same for one address prefix")
    ] = None
    api_language: Annotated[
        str, Meta(description="language of reasons if a request names no supported one")
    ] = "en"
    api_reasons: Annotated[
        dict[str, dict[str, str]],
        Meta(description="the shop's own texts for reasons: templates by source, by language"),
    ] = {}
    identity_secrets: Annotated[
        tuple[Secret, ...],
        Meta(
            description="HMAC secrets with which the shop's server signs a user id for the browser, newest first"
        ),
    ] = ("ff_demo_identity_secret",)
    storefront_url: Annotated[
        str,
        Meta(
            description="address of the shop's front, before every link that names none; empty: links are paths"
        ),
    ] = ""
    product_url: Annotated[
        str,
        Meta(
            pattern=r"^((https?://[^\s{}/]|/(?!/))[^\s{}]*(\{(handle|id)\}[^\s{}]*)+)?$",
            description="a product's link where the catalog has none, with {handle} or {id}; empty: "
            "/products/{handle}, or as the catalog's format has it",
        ),
    ] = ""
    markets: Annotated[
        dict[Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,40}$")], str],
        Meta(
            description="addresses of the shop's other fronts by market, which links begin with on their pages"
        ),
    ] = {}
    catalog_sources: Annotated[
        tuple[CatalogSource, ...],
        Meta(
            description="catalogs to fetch: name, url, every_minutes, headers, allow_private, max_mb, max_seconds"
        ),
    ] = ()
    catalog_origins: Annotated[
        tuple[str, ...],
        Meta(
            description="origins that the catalog's links may be on besides those of storefront_url and write_keys"
        ),
    ] = ()
    currency: Annotated[
        str, Meta(pattern=r"^[A-Z]{3}$", description="ISO code of the catalog's prices where it names none")
    ] = "GBP"
    catalog_language: Annotated[
        str,
        Meta(
            description="language of the product texts (english, german, ...); auto: detected from their common words"
        ),
    ] = "auto"
    retention_days: Annotated[
        Annotated[int, Meta(ge=MIN_RETENTION_DAYS)] | None,
        Meta(description="days to keep events after their arrival, at least 31; empty: forever"),
    ] = None
    keep_snapshots: Annotated[int, Meta(ge=1, description="published snapshots kept for rollback")] = 3

    snapshot_min_ratio: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="a snapshot is held back if a table shrinks below this share of the last one",
        ),
    ] = 0.5
    # Session neighbours, text similarity, visitor similarity, also liked: orchestration/recommend/rebuild.py.
    rebuild_share: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description="a derived table is rebuilt when its inputs changed and its last build took less than this "
            "share of the time since",
        ),
    ] = 0.05
    evaluation_hours: Annotated[
        float,
        Meta(
            ge=0,
            description="time between evaluations of the recommendations; a changed rule starts one at once",
        ),
    ] = 23.0
    evaluation_min_cases: Annotated[
        int,
        Meta(ge=1, description="minimum number of visitors or clicks for a metric to hold back a publish"),
    ] = 100
    tuning_seconds: Annotated[float, Meta(gt=0, description="time limit of a search for better settings")] = (
        600.0
    )
    quality_max_fall: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="publishing stops when measured quality falls by more; 1 disables the check",
        ),
    ] = 0.2

    stale_hours: Annotated[
        float, Meta(gt=0, description="age at which the snapshot counts as stale; it is published hourly")
    ] = 3.0
    notify_webhook: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^\s/]\S*)?$",
            description='URL that gets {"text": ...} when a run fails (Slack, Mattermost, ...); empty: none',
        ),
    ] = ""
    notify_mail_to: Annotated[
        tuple[MailAddress, ...], Meta(description="recipients of a mail when a run fails; empty: nobody")
    ] = ()
    notify_mail_from: Annotated[
        Annotated[str, Meta(pattern=r"^([^@\s,<>]+@[^@\s,<>]+)?$")],
        Meta(description="sender of those mails; empty: the first of notify_mail_to"),
    ] = ""
    notify_smtp_host: Annotated[str, Meta(description="mail server for these mails")] = ""
    notify_smtp_port: Annotated[Port, Meta(description="its port: 587 for starttls, 465 for tls")] = 587
    notify_smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(description="starttls, tls from the first byte, or none (no password then)"),
    ] = "starttls"
    notify_smtp_user: Annotated[str, Meta(description="user there; empty: no login")] = ""
    notify_smtp_password: Annotated[str, Meta(description="their password")] = ""
    notify_repeat_hours: Annotated[
        float, Meta(gt=0, description="time before the same failure is reported again")
    ] = 24.0

    log_format: Annotated[
        LogFormat, Meta(description="text for people, or json: one object per line on stderr")
    ] = "text"
    shop_port: Annotated[Port, Meta(description="port of the demo shop")] = 8700
    dagster_port: Annotated[Port, Meta(description="port of Dagster's UI")] = 3000
    load_from: Annotated[
        str, Meta(description="bucket from which the loader takes other collectors' segments; empty: none")
    ] = ""
    sensor_seconds: Annotated[
        int, Meta(ge=1, description="interval at which the sensor looks for sealed segments, at least 5 s")
    ] = 2
    kept_fast_runs: Annotated[
        int, Meta(ge=1, description="number of finished fast-lane runs whose log is kept (0.6 MB each)")
    ] = 500
    warehouse_memory: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]+([.][0-9]+)? *([KMGT]i?)?B$",
            description="memory limit of a DuckDB connection, as 4GB or 512MiB; default 4GB, less under 9 GB in all",
        ),
    ] = msgspec.field(default_factory=lambda: warehouse_default(memory_bytes()))

    @property
    def paths(self) -> Paths:
        """Return the paths under ``data`` (absolute)."""
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
    def link_origins(self) -> tuple[str, ...]:
        """The shop's own origins, on which a page that visitors name must be: of write keys and of its fronts."""
        fronts = map(origin_of, (self.storefront_url, *self.markets.values()))
        named = [origin for key in self.write_keys for origin in key.origins]
        return tuple(dict.fromkeys([*named, *filter(None, fronts)]))

    @property
    def trusted_key(self) -> WriteKey:
        """The first trusted write key. Raises SettingsError where none is declared."""
        for key in self.write_keys:
            if key.trusted:
                return key
        raise SettingsError("no trusted write key: add one to write_keys (trusted = true) to import history")

    @property
    def public_key(self) -> str:
        """The public key for a page: the newest. Raises SettingsError where there is none."""
        if not self.api_public_keys:
            raise SettingsError("no public key: a page can't ask the API without one, set api_public_keys")
        return self.api_public_keys[0]


def _reachable(host: str) -> str:
    """The address by which a client on this machine finds who listens on ``host``, as it stands in a URL."""
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
