"""Later: the durable engine behind a small interface, the worker's loop and locks, the clock."""
