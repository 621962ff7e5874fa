"""Notices to people: who gets them by which channel, when, and how they go out."""
