"""Health, metrics, the API and the page, served inside the daemon's own loop."""
