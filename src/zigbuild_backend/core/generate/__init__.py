"""Sources that are generated, and headers that come from other packages: made and found before anything is compiled."""
