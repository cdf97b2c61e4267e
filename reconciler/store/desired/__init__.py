"""What sources of manifests want, by revision."""
