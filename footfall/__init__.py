"""Shared by collector, pipeline, API and demo: the wire schema, landing segments, the snapshot format, settings, the
``footfall`` command.

Layers, top to bottom (import contracts in ``pyproject.toml``): commands, status, importing, client, http, landing,
settings, snapshot, wire, runtime.
"""

__version__ = "0.2.0"
