"""The documents that operators and tools read, built once for the command line and for HTTP.

Each module makes one: `status`, `campaigns`, `queues`, `jobs`, `explain` and `preview`. They are plain JSON; instants
are ISO 8601 in UTC with `Z`, durations whole or fractional seconds in keys that end in `_s`.
"""
