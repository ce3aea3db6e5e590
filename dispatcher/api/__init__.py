"""The platform's REST API: the only place that speaks HTTP to it and knows its pages."""
