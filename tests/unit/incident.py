"""An incident that leads and a case that follows it, told side by side."""

from datetime import timedelta

from cases.commands import (
    Acknowledge,
    Command,
    Contact,
    Join,
)
from tests.unit.narrative import (
    DESK,
    NOON,
    ROADS,
    SOLVED,
    Narrative,
    brought,
    hear,
    news,
)

RESOLUTION = timedelta(days=15)


class Incident:
    """Two cases of one matter. What one owes the other is carried by hand, as often and in whatever order."""

    def __init__(self, follower: Narrative | None = None, lead: Narrative | None = None) -> None:
        self.lead = lead or brought(source_ref="lead")
        self.follower = follower or brought(source_ref="follower")
        self._heard = self._told = 0

    def join(self, unit: str = ROADS) -> list[str]:
        self._told = len(self.follower.events)
        act = Join(incident=self.lead.case.number, unit=unit, reason="The same hole.")
        facts = self.follower.do(act, DESK)
        for command in news(self.follower, self.lead, self._told):
            hear(self.lead, command)
        self.carry()
        return facts

    def pending(self) -> list[Command]:
        """The news that the follower is owed and has not heard."""
        found = news(self.lead, self.follower, self._heard)
        self._heard = len(self.lead.events)
        return found

    def carry(self) -> list[str]:
        return [fact for command in self.pending() for fact in hear(self.follower, command)]

    def at(self, **passed: float) -> "Incident":
        self.lead.now = self.follower.now = NOON + timedelta(**passed)
        return self


def joined() -> Incident:
    incident = Incident().at(hours=1)
    assert incident.join() == ["recalled", "joined"]
    return incident


def solved(incident: Incident) -> Incident:
    for act in (Acknowledge(), Contact(), SOLVED):
        incident.lead.do(act)
    incident.carry()
    return incident
