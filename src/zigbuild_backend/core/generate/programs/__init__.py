"""Programs that run in a Python of their own, where nothing of the backend can be imported."""
