"""Bringing the complaints of a file in, through the API: `hotline feed`."""
