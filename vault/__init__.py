"""Keys, and what they lock: the texts of cases, what the engine keeps, digests by which things are known again."""
