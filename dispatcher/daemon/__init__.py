"""The daemon: it puts the parts together, starts them in order, and stops them in reverse."""
