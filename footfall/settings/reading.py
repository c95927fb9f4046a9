"""Reads settings from the file and the environment into their types, and validates them together."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from footfall.runtime.origins import no_origin, origin_of
from footfall.runtime.paths import unfit
from footfall.settings.declared import Settings, SettingsError
from footfall.settings.file import read_settings_file
from footfall.settings.masking import mask
from footfall.snapshot.explanations import Reasons, ReasonsError

#: Variables of our own that are not settings.
_OTHER_VARIABLES = frozenset({"FOOTFALL_CONFIG", "FOOTFALL_DBT_TARGET", "FOOTFALL_TOGETHER"})

#: What a setting was called before. If an old name were ignored, an upgraded API would take the public demo's keys.
_RENAMED = {
    "api_public_key": "api_public_keys",
    "api_secret_key": "api_secret_keys",
    "identity_secret": "identity_secrets",
}

#: How tables are written, in the file and in the environment.
_EXAMPLES = {
    "write_keys": """
  footfall.toml:       [[write_keys]]
                       key = "..."
                       source = "shop_pixel"
                       origins = ["https://shop.example"]
  FOOTFALL_WRITE_KEYS: [{"key": "...", "source": "shop_pixel", "origins": ["https://shop.example"]}]""",
    "markets": """
  footfall.toml:    [markets]
                    fr = "https://shop.fr"
  FOOTFALL_MARKETS: {"fr": "https://shop.fr"}""",
    "catalog_sources": """
  footfall.toml:            [[catalog_sources]]
                            name = "shop"
                            url = "https://shop.example/feed.xml"
  FOOTFALL_CATALOG_SOURCES: [{"name": "shop", "url": "https://shop.example/feed.xml"}]""",
    "api_reasons": """
  footfall.toml:        [api_reasons.de]
                        similar_text = "Passt zu {title}"
  FOOTFALL_API_REASONS: {"de": {"similar_text": "Passt zu {title}"}}""",
}


class Setting(msgspec.Struct, frozen=True):
    """One row of ``footfall config``."""

    name: str
    value: Any
    origin: str
    description: str


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


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """The current settings; see ``explain_settings`` for what it raises."""
    return explain_settings(env)[0]


def settings_with_events() -> Settings:
    """The current settings, for commands that look into what was collected.

    Raises SettingsError as ``explain_settings`` does, and where nothing was ever collected: at a wrong place every
    answer would be "nothing", also to a person who asks what is held about them.
    """
    settings = load_settings()
    paths = settings.paths
    if not (paths.lake.exists() or paths.landing.exists() or settings.load_from):
        raise SettingsError(
            f"{paths.data} holds no events. Is it the shop's data directory? Set it with FOOTFALL_DATA, or in "
            "the file that FOOTFALL_CONFIG names"
        )
    return settings


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return f"FOOTFALL_{name.upper()}"


def unknown_variables(env: Mapping[str, str] | None = None) -> dict[str, str | None]:
    """``FOOTFALL_*`` variables that set nothing, each with the name that was perhaps meant.

    They are no error: an orchestrator of containers makes variables of a service's name, like ``FOOTFALL_PORT``.
    """
    env = os.environ if env is None else env
    known = [variable_of(name) for name in Settings.__struct_fields__]
    strange = sorted(
        name
        for name in env
        if name.startswith("FOOTFALL_") and name not in known and name not in _OTHER_VARIABLES
    )
    return {name: next(iter(get_close_matches(name, known, n=1)), None) for name in strange}


def _read(env: Mapping[str, str], hints: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings that somebody set, and where each came from. Raises SettingsError."""
    file, from_file = read_settings_file(env)
    for old, new in _RENAMED.items():
        if old in from_file or variable_of(old) in env:
            raise SettingsError(
                f"{old} is called {new} now, and holds several, the new one first. "
                f'footfall.toml: {new} = ["..."]; {variable_of(new)}: new,old'
            )
    if unknown := sorted(set(from_file) - set(hints)):
        raise SettingsError(
            f"{file}: unknown setting {', '.join(unknown)}. `footfall config` lists the names"
        )

    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, hint in hints.items():
        variable = variable_of(name)
        if variable in env:
            values[name] = _convert(name, env[variable], hint, variable, from_text=True)
            origins[name] = variable
        elif name in from_file:
            values[name] = _convert(name, from_file[name], hint, str(file), from_text=False)
            origins[name] = str(file)
    return values, origins


def _check(settings: Settings) -> None:
    """Validate what the types of the settings can't express. Raises SettingsError."""
    if sign := unfit(settings.paths.data):
        raise SettingsError(
            f"data: {settings.paths.data} has {sign} in its name, which DuckDB or Dagster would not take as it stands. "
            "Choose another directory with FOOTFALL_DATA"
        )
    if set(settings.api_public_keys) & set(settings.api_secret_keys):
        raise SettingsError(
            "api_public_keys and api_secret_keys share a key: the one in the shop's pages would open everything"
        )
    written = [key.key for key in settings.write_keys]
    if twice := sorted({key for key in written if written.count(key) > 1}):
        raise SettingsError(
            f"write_keys has {mask(twice[0])} twice: the source of a message would be ambiguous"
        )
    sources = [source.name for source in settings.catalog_sources]
    if twice := sorted({name for name in sources if sources.count(name) > 1}):
        raise SettingsError(f"catalog_sources has {twice[0]} twice: both would be one file")
    pages = [
        ("api_origins", settings.api_origins),
        ("catalog_origins", settings.catalog_origins),
        *(("write_keys", key.origins) for key in settings.write_keys),
    ]
    for name, listed in pages:
        if wrong := no_origin(listed):
            raise SettingsError(
                f"{name}: {wrong!r} is not a page's origin. It is: https://shop.example, or *"
            )
    for market, front in settings.markets.items():
        if origin_of(front) is None or not re.fullmatch(r"[^?#\s]+", front):
            raise SettingsError(
                f"markets: {front!r} of {market} is not a front's address. It is: https://shop.fr/fr"
            )
    if bool(settings.notify_mail_to) != bool(settings.notify_smtp_host):
        raise SettingsError(
            "set both notify_mail_to (the recipients) and notify_smtp_host (the mail server), or neither"
        )
    if settings.notify_smtp_user and settings.notify_smtp_security == "none":
        raise SettingsError(
            "notify_smtp_security: with none the password of notify_smtp_user would travel in the clear. "
            "It is: starttls or tls"
        )
    try:
        Reasons(settings.api_reasons, settings.api_language)
    except ReasonsError as error:
        raise SettingsError(f"api_reasons, api_language: {error}{_EXAMPLES['api_reasons']}") from None


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


def _dec_hook(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        if not value:
            raise ValueError("an empty path, which would be the working directory")
        try:
            return Path(value).expanduser()
        except RuntimeError:
            raise ValueError(f"{value!r} starts with the home directory of an unknown user") from None
    raise NotImplementedError(f"can't read a {kind}")


def _description(hint: Any) -> str:
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, Meta) and meta.description:
            return meta.description
    return ""
