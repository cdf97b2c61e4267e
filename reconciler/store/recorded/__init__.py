"""What providers showed, as rows. An object that cannot be recorded is said, and stops no other."""
