"""Shared by the HTTP servers (collector, API): workers, ports, rate limits, metrics, ETags, addresses.

May import: ``footfall.settings`` and below; never Litestar, which the two applications bring.
"""
