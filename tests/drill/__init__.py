"""The fire drill: real faults in the real system, and what reaches the people on call."""
