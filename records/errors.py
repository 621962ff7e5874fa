"""What the register cannot take."""


class GapError(Exception):
    """Events came before the ones they follow. Nothing was written; send all after `stored`.

    Args:
        number: The case.
        stored: The last event of it that the register has; 0 if it has none.
    """

    def __init__(self, number: str, stored: int) -> None:
        super().__init__(f"the register has case {number} up to event {stored}; send what follows it")
        self.number = number
        self.stored = stored


class ConflictError(Exception):
    """The register holds something else there, and only a whole history overwrites that. Nothing was written."""

    def __init__(self, number: str, detail: str) -> None:
        super().__init__(f"case {number}: {detail}")
        self.number = number


class SchemaError(Exception):
    """The schema of the database is not one that this release works on."""
