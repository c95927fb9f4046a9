"""Publishing: marts and derived tables in, an audited, immutable snapshot for the API out.

Audits and guards decide whether a version goes live. May import: ``orchestration.storage``.
"""
