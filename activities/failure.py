"""That a unit's system did not take something, and what follows from it."""


class NotTakenError(Exception):
    """A unit's system did not take an order.

    Args:
        reason: Why, for people: the rest of a sentence that begins with the unit. Holds nothing of the complaint, and
            no word of the system's own.
        words: What the system itself says of it, if it does; it is sealed before anybody keeps it.
        for_good: Whether trying again is of no use before a person has seen to it.
        wait: Seconds for which the system wants to be left alone, if it says so.
        well: Whether the system does its work, and only this order is not taken.
        kind: What it is called in the engine.
    """

    def __init__(
        self,
        reason: str,
        *,
        words: str = "",
        for_good: bool = False,
        wait: float | None = None,
        well: bool = False,
        kind: str = "unit_failed",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.words = words
        self.for_good = for_good
        self.wait = wait
        self.well = well
        self.kind = "refused_by_unit" if for_good else kind

    @property
    def told(self) -> str:
        """Why, with what the system says of it."""
        return f"{self.reason}: {self.words}" if self.words else self.reason


class LaterError(Exception):
    """An order has to wait for longer than a worker should hold it.

    Args:
        seconds: When to come back.
        reason: What it waits for, for people.
        behind: Whether it waits for a system that takes nothing at the moment.
    """

    def __init__(self, seconds: float, reason: str, *, behind: bool = False) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason
        self.behind = behind
