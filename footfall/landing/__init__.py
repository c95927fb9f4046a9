"""Landing segments: the append-only files that keep every acknowledged request, on this disk or in an object store.

In: frames (envelope and body) of the collector. Out: the same frames, read back and checked by the loader.
May import: ``footfall.settings`` and below.
"""
