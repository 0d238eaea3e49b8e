"""What belongs to a release as a whole: its manifest."""
