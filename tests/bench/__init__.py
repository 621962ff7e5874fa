"""What the service does in a second, beside what its engine does: `make bench`."""
