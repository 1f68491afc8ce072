"""The few things that every app shares: domain errors, problem bodies, and saying what happened after a commit."""
