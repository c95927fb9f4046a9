"""The published snapshot: the files that the pipeline writes and the API serves.

``format`` has names, shapes and the pointer to the active version; ``session_index`` scores next products.
In: arrays and documents from ``orchestration.serving``. Out: typed reads for ``api``.
May import: ``footfall.runtime``.
"""
