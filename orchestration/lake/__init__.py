"""The lake: landing segments in, Parquet files by day of receipt out.

Loading, flattening, compaction, retention, events set aside, and what is held about a person.
May import: ``orchestration.serving`` (to remove a person from snapshots), ``orchestration.storage``.
"""
