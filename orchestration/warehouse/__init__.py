"""Runs dbt on DuckDB, rebuilds models whose rules changed, reconciles, finds the events that break a model.

In: the lake and ``dbt_project``. Out: ``warehouse.duckdb``.
May import: ``orchestration.lake``, ``orchestration.storage``.
"""
