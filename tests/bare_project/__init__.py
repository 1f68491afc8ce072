"""A Django project that isn't the LMS: proves that the built package works by itself."""
