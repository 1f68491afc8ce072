"""What must happen after a commit: written in the same transaction, carried out by a relay, at least once."""
