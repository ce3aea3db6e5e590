"""Hopper to mirror: what became of the calls."""
