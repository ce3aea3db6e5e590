"""The hopper: what may be dialled now, in Redis, one queue per phone."""
