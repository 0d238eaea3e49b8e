"""An index of releases: what was published, its bytes, and how they come back."""
