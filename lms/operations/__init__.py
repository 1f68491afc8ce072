"""The page of whoever is on call: what works, what is going on, and where to look next."""
