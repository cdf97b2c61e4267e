"""The JSON Schema of manifests, for editors: made from the catalog and the forms that read them."""
