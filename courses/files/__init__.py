"""Files of courses: which are accepted, and how they are sent."""
