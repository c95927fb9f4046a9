"""The orchestration room: Dagster definitions (``defs/``) over plain libraries (``lib/``)."""
