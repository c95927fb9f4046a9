"""What collector and API share as HTTP servers: worker processes, ports, rate limits, metrics, ETags, addresses.

May import: ``footfall.settings`` and below; never Litestar, which the two applications bring.
"""
