"""A past for the demo shop: visitors with tastes, and the messages that the pixel would have sent about them.

``generate`` is seeded: the same arguments give the same messages, byte for byte, so sending them twice changes
nothing (the warehouse keeps one row for each message id).
"""

from __future__ import annotations

from demo.simulator.blocks import declared_experiments
from demo.simulator.timeline import estimate_messages, generate

__all__ = ["declared_experiments", "estimate_messages", "generate"]
