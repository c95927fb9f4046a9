"""Every setting of Footfall, in one place.

A value comes from, in rising order: its default (``declared.py``), the TOML file (``FOOTFALL_CONFIG``, else
``./footfall.toml``), the environment (``FOOTFALL_<NAME>``). ``footfall config`` prints the current values and their
origins. Tables (``api_reasons``) and lists of them (``write_keys``) are TOML in the file and JSON in the
environment.
"""

from footfall.settings.declared import (
    DEMO_KEYS,
    REPO,
    SECRETS,
    CatalogSource,
    Settings,
    SettingsError,
    WriteKey,
)
from footfall.settings.reading import (
    Setting,
    explain_settings,
    load_settings,
    settings_with_events,
    unknown_variables,
    variable_of,
)

__all__ = [
    "DEMO_KEYS",
    "REPO",
    "SECRETS",
    "CatalogSource",
    "Setting",
    "Settings",
    "SettingsError",
    "WriteKey",
    "explain_settings",
    "load_settings",
    "settings_with_events",
    "unknown_variables",
    "variable_of",
]
