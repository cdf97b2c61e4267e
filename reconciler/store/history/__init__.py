"""What happened, and what was: marks, and the past as of one of them."""
