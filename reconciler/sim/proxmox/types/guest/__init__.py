"""What machines and containers have in common. It names neither: a `Kind` says what is its own."""
