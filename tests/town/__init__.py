"""A whole city's service as processes of its own, with the systems of its units: what drills and benchmarks run on."""
