"""What only the whole set shows: nothing in here reads a document."""
