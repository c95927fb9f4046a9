"""The TOML file of settings: which one it is, and what it says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from footfall.settings.declared import SettingsError

DEFAULT_FILE = "footfall.toml"


def read_settings_file(env: Mapping[str, str]) -> tuple[Path, dict[str, Any]]:
    """The file that ``FOOTFALL_CONFIG`` names, else ./footfall.toml, and its content.

    The default need not exist; its content is then empty. An empty variable names no file. Raises SettingsError for a
    file that is named and missing, can't be read, or is not TOML.
    """
    named = env.get("FOOTFALL_CONFIG")
    file = Path(named or DEFAULT_FILE)
    try:
        return file, tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named:
            raise SettingsError(f"FOOTFALL_CONFIG names {file}, which does not exist") from None
        return file, {}
    except OSError as error:
        raise SettingsError(f"{file} can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML: {error}") from None
