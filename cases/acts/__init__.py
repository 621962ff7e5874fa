"""What may be asked of a case, a module for each side that asks."""
