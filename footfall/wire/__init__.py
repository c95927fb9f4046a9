"""The wire: which messages a collector accepts, and who sent them.

In: the bytes of a message or a batch, a user agent, a write key. Out: an accepted message or a reason for refusal.
``schema`` is the definition, with every bound; ``fast_path`` applies the same rules to a whole batch of good messages.
May import: ``footfall.runtime``.
"""
