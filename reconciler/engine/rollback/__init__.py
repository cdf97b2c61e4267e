"""Going back to what manifests said: recorded like a revision, planned and carried out like any."""
