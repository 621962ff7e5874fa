"""`hotline unit test`: plays orders against a unit's system and says what it does right and what is wrong.

docs/departments.md is the page that it holds a system to.
"""
