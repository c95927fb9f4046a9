"""The API: one published snapshot in, answers over HTTP out. Read-only.

``app`` assembles the Litestar application; ``routes/`` has the handlers, ``schemas`` the answers as types. ``blending``
makes a list of recommendations for one request from published lists and the running session. ``snapshot_store`` follows
the pointer from version to version without losing a request; ``snapshots`` reads one version. ``auth`` says which key
may call which route. ``pages/`` is the owner's overview.

May import: ``footfall``. Never the warehouse, dbt, Dagster or pandas, and it writes nothing.
"""
