"""The collector: HTTP in, durable landing segments out.

``ingest`` is the hot path, a raw ASGI handler: it reads a body, ``parsing`` validates its messages, ``committer``
writes the frames of many requests with one fsync, and only then the request is answered. ``routes`` has the rest:
Shopify's webhooks (``shopify_webhooks``, ``adapters/``), the guest cookie, the image for pages without scripts, health
and metrics. ``recovery`` brings in what a crash left behind; ``shipping`` sends sealed segments to an object store.

May import: ``footfall``. Never the warehouse: no DuckDB, dbt, Dagster, pandas.
"""
