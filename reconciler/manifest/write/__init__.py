"""Writing manifests: what is recorded, as documents that say so; reading them gives what was written."""
