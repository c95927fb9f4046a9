"""Sends messages to a collector: batches, retries, and a progress bar. Importers and the demo's traffic use it.

In: wire messages. Out: acknowledged batches, or an error that says which were not.
May import: ``footfall.wire``, ``footfall.runtime``.
"""
