"""Files of the pipeline: atomic writes, locks, DuckDB files, a full disk in words, the environment of a run.

May import: ``footfall``. Knows neither Dagster nor dbt.
"""
