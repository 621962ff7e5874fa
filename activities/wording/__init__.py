"""The words of notices: templates that a city can edit, and how they are filled in."""
