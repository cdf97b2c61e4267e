"""What leaves the database for files, and comes back from them."""
