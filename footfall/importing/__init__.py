"""Bringing in history: readers that turn what a shop already has into wire messages."""
