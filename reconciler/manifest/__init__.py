"""From files to manifests: finding, reading and positioning what people write; no database, no network."""
