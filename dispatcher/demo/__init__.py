"""The whole system in one command, on embedded parts."""
