"""What keeps the daemon itself well: clocks, gauges, time zones, old records."""
