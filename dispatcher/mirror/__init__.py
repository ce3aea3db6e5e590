"""The mirror: the platform's campaigns, phones and orders in SQL, and every attempt. SQL is the truth."""
