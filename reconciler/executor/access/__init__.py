"""The one way to a provider: within its budget, with every error made ours, its tasks awaited together."""
