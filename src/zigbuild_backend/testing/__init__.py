"""Programs that run wheels of other machines."""
