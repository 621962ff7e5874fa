"""The register: every case with its events, the units, the policies and the keys, in PostgreSQL."""
