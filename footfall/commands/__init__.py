"""The ``footfall`` command: its entry point (``main``) and the commands that belong to no other package.

``pyproject.toml`` lists all commands under ``footfall.commands``; those of a package stand in it.
May import: everything of ``footfall``.
"""
