"""The time by PostgreSQL's clock: what several processes decide together must not hang on whose own clock is right."""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """What PostgreSQL last told, and what has passed since by a clock that nobody sets."""

    def __init__(self) -> None:
        self._told: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        """Now, in UTC.

        Raises:
            RuntimeError: PostgreSQL was not asked yet.
        """
        if self._told is None:
            raise RuntimeError("nobody has asked PostgreSQL for the time yet")
        moment, at = self._told
        return moment + timedelta(seconds=time.monotonic() - at)

    def heard(self, moment: datetime) -> None:
        """Go by what PostgreSQL has just told. It is behind by as long as the answer took, at most, and never ahead."""
        self._told = moment.astimezone(UTC), time.monotonic()
