"""What a provider shows, and what it denies. No mutation is ever sent from here."""
