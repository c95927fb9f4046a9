"""The shop's catalogue: files as shops export them in, versions of products and variants in the lake out.

May import: ``orchestration.lake``, ``orchestration.storage``.
"""
