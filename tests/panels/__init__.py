"""`make panels`: every query of every dashboard, asked of a live system."""
