"""Makes wheels again from their specifications: the same inputs, in their own environment, give the same bytes."""
