"""Programs that our models are measured beside: one registry, a small adapter for each."""
