"""YAML as manifests are written in it: nodes that know their place, and nothing unsafe or ambiguous."""
