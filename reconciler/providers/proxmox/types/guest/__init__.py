"""What machines and containers have in common. No module here names either: a `Kind` says what is its own."""
