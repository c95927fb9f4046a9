"""The lowest layer: paths of the data directory, atomic writes, digests, logs, memory, child processes.

May import nothing of Footfall but its version.
"""
