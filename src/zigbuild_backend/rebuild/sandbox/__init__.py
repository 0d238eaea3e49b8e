"""Running programs that nobody vouches for: they see their inputs alone, reach nothing else and pass no limit."""
