"""The pipeline's commands: run, events, failed, person, retain, publish, evaluate, tuning, quality.

Each reads its arguments, calls a package of ``orchestration`` and prints the result.
"""
