"""Everything that can reach the bytes of a wheel. Nothing here imports anything outside of this folder."""
