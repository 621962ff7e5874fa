"""What comes of each command that a case takes, a module for each side that asks."""
