"""Builds the derived tables: text similarity, session neighbours, similar visitors, also-liked products.

In: tables of the warehouse. Out: Parquet files under ``derived/`` that dbt reads and the snapshot serves.
May import: ``orchestration.lake``, ``orchestration.storage``. Knows no Dagster.
"""
