"""The settings of a door (collector, API) that reads them again without a restart."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from footfall.settings import Settings, SettingsError, load_settings

log = logging.getLogger("footfall")


class SettingsInForce:
    """The settings that the next worker starts with. They are read in the process above the workers, so that wrong ones
    are noticed before a worker that has good ones ends.

    ``chosen``: what the command line says, where it says something; ``started_with``: names of what a running door
    stands on, which stays as it was.
    """

    def __init__(self, chosen: Mapping[str, Any], started_with: Sequence[str]) -> None:
        """Raises SettingsError."""
        self._chosen = {name: value for name, value in chosen.items() if value is not None}
        self._started_with = started_with
        self.settings = self._read()

    def read_again(self) -> None:
        """Take over what changed. Settings that can't be read leave all as it was: that is logged."""
        try:
            found = self._read()
        except SettingsError as error:
            log.error("the settings stay as they were: %s", error)
            return
        stays = {name: getattr(self.settings, name) for name in self._started_with}
        if others := [name for name, value in stays.items() if getattr(found, name) != value]:
            log.warning("a reload doesn't change %s: that needs a restart", ", ".join(others))
        self.settings = msgspec.structs.replace(found, **stays)

    def _read(self) -> Settings:
        # What the command line says, nothing else needs to say well: an empty variable too
        unsaid = {f"FOOTFALL_{name.upper()}" for name in self._chosen}
        env = {name: value for name, value in os.environ.items() if name not in unsaid}
        if "data" in self._chosen:  # not every name is one for a data directory
            env["FOOTFALL_DATA"] = str(self._chosen["data"])
        return msgspec.structs.replace(load_settings(env), **self._chosen)
