"""Mirror to hopper: which orders are called next, within every limit, and their way into the queues."""
