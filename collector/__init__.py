"""The collector: HTTP in, durable landing segments out. It never opens the warehouse."""
