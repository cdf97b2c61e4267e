"""Writing manifests: what is recorded or wanted as documents, and changes that leave all else as it is."""
