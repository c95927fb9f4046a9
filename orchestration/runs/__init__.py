"""How a run executes: in one process, under a lock, with a report at its end. The jobs' names.

May import: ``orchestration.storage``.
"""
