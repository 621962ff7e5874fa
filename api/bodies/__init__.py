"""What is sent with each step of a case, a module for each side that sends it."""
