"""What the project speaks about: campaigns, phones, orders, attempts, outcomes and reasons. Plain data."""
