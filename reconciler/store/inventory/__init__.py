"""Who is talked to: providers, endpoints, places, and the credentials for them. No secret is ever printed."""
