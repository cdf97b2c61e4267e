"""The database itself: opened, migrated, and spoken to by named queries in transactions."""
