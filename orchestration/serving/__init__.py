"""Publishing: marts and learned results in, a checked, immutable snapshot for the API out.

Audits and guards decide whether a version goes live. May import: ``orchestration.storage``.
"""
