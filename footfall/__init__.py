"""Footfall's ground floor: wire schema, landing segments, settings and the shell of the ``footfall`` command."""

__version__ = "0.1.0"
