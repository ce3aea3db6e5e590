"""Platform to mirror: campaigns, phones and orders, and how calls in doubt have ended."""
