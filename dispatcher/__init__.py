"""Queues the calls of outbound AI phone campaigns at the right time, each at most once."""

__version__ = "0.1.0"
