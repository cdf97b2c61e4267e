"""Taking care of a database: a backup, its restoring, an examination, the move to a newer server."""
