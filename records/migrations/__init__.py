"""The schema's versions, oldest first. `records.database.migrate` runs them."""
