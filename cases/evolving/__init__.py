"""What each fact changes in a case, a module for each side of its life."""
