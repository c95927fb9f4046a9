"""Dagster definitions by domain: assets, checks, jobs, sensors, schedules. The work is in the packages beside it."""
