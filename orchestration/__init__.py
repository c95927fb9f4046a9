"""The pipeline: Dagster definitions (``defs/``) over plain packages, from the lake to the published snapshot.

The packages form layers (import contracts in ``pyproject.toml``): commands, defs, evaluation, recommend and catalog and
warehouse, lake, serving, storage. Each says in its docstring what comes in, what goes out and what it may import.
"""
