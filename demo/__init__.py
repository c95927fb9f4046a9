"""The demo: a small real shop front, its catalogue, and a simulator that gives it a past. Nothing imports it."""
