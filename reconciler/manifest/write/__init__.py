"""Writing manifests: what is wanted as a document, and changes to documents that leave the rest as it is."""
