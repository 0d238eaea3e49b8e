"""Files about a release as a whole: its manifest."""
