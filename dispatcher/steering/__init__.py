"""What operators change beside the brakes, in one place for the command line and for HTTP.

Each module finds what is meant, does it in transactions that are short beside a running daemon, and tells in one JSON
document what was done and what was refused, each by its name and with the reason. They run on the caller's thread.
"""
