"""What the service keeps to itself."""
