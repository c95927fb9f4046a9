"""The demo: a small real shop, its catalogue, and a simulator that gives it a month of traffic.

``shop/`` is a Litestar application with the pixel in its pages; ``catalog/`` has 244 products, written by hand;
``simulator/`` makes visitors with tastes and budgets and sends what they do through a real collector. ``cli`` is
``footfall demo``: it starts everything, runs the pipeline and prints the addresses.

May import: ``footfall``. Nothing imports it, and nothing in the other packages knows it.
"""
