"""The pure rules of time, numbers and eligibility: functions of data and an instant, which touch no edge."""
