"""When sendings go out: what is urgent at once, the rest in the hours for it, and not too soon after another one."""

from collections.abc import Mapping
from datetime import datetime

from activities.notices.hours import opening
from cases.city import City
from records.notice_planning import Told


class Turns:
    """Gives turns to sendings that are planned together, in their order.

    Args:
        city: Whose rules hold.
        now: When they are planned.
        told: What there is already to those whom something that is not urgent goes to, where the city has digests.
    """

    def __init__(self, city: City, now: datetime, told: Mapping[str, Told]) -> None:
        self._city = city
        self._now = now
        self._told = dict(told)
        self._joined: set[str] = set()

    def next(self, addressee: str, *, urgent: bool) -> datetime:
        """When the next one to an addressee goes out."""
        before = self._told.get(addressee, Told())
        at = self._now if urgent else self._after(before)
        if not urgent and before.waits_until is not None:
            self._joined.add(addressee)
        self._told[addressee] = Told(before.waits_until if urgent else at, self._now)
        return at

    def gathers(self, addressee: str) -> bool:
        """Whether more than one that is not urgent waits for an addressee, to go out as one."""
        return self._city.policy.notices.digest is not None and addressee in self._joined

    def _after(self, before: Told) -> datetime:
        rules, zone, at = self._city.policy.notices, self._city.policy.city_zone, self._now
        if rules.digest is not None:
            if before.waits_until is not None:
                return before.waits_until
            if before.last is not None:
                at = max(at, rules.digest.after(before.last, zone, self._city.policy.calendar))
        return opening(at, rules.hours, zone)
