"""What can have happened to a case, a module for each side of its life."""
