"""A department to develop against: a real HTTP server that takes orders as a unit's own system should.

It speaks the protocol of docs/departments.md and knows nothing else of the service, as a department's programmer would.
"""
