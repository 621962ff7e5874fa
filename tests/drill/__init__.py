"""The drill: everything of a town's service killed, cut and filled under load, and every promise accounted for."""
