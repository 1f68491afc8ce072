"""The engagement score: its formula, and keeping it for every enrollment."""
