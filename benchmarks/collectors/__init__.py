"""What ``benchmarks/collector.py`` compares: servers, stores behind them, and the load."""
