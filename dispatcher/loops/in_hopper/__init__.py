"""Hopper: calls are let live, taken back, found silent; whose Redis it is, and whether it agrees with SQL."""
