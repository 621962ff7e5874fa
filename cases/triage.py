"""Triage (Art. 11): what is answered at once, and the six grounds on which a matter is not dispatched to a unit.

Each ground says what the complainant was told and, where the matter was passed on, to where. They are judged before a
unit is burdened.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cases import number
from cases.errors import InvalidError
from cases.vocabulary import Code, Reason, Value


def _canonical(text: str) -> str:
    try:
        return number.parse(text)
    except InvalidError as error:
        raise ValueError(error.detail) from None


CaseNumber = Annotated[str, AfterValidator(_canonical)]
"""The number of another case, in any spelling."""


class EmergencyLine(Value):
    """It belongs to an emergency line, and the caller was put through to that at once."""

    ground: Literal["emergency_line"] = "emergency_line"
    line: Literal["110", "119", "120", "122"]
    told: Reason

    @property
    def passed_to(self) -> str:
        """The line."""
        return self.line


class StatutoryChannel(Value):
    """The law has a way of its own for it, and the complainant was pointed there."""

    ground: Literal["statutory_channel"] = "statutory_channel"
    channel: Literal["court", "arbitration", "discipline", "reconsideration", "disclosure", "petition"]
    told: Reason

    @property
    def passed_to(self) -> str:
        """The way."""
        return self.channel


class SameMatter(Value):
    """The same person's same matter is in progress or done, and there is nothing new: told its status."""

    ground: Literal["same_matter"] = "same_matter"
    case: CaseNumber
    told: Reason

    @property
    def passed_to(self) -> str:
        """The case that the matter already has."""
        return self.case


class Secret(Value):
    """It asks for state secrets, business secrets or somebody's privacy: explained."""

    ground: Literal["secret"] = "secret"
    told: Reason

    @property
    def passed_to(self) -> None:
        """Nowhere."""
        return


class OutsideDuty(Value):
    """It is no unit's duty: pointed elsewhere. `unit` is the one that supervises the trade, and is told of it."""

    ground: Literal["outside_duty"] = "outside_duty"
    unit: Code | None = None
    told: Reason

    @property
    def passed_to(self) -> str | None:
        """The unit that supervises the trade, if there is one."""
        return self.unit


class Unlawful(Value):
    """It is unlawful or against public morals: the complainant was admonished."""

    ground: Literal["unlawful"] = "unlawful"
    told: Reason

    @property
    def passed_to(self) -> None:
        """Nowhere."""
        return


Ground = Annotated[
    EmergencyLine | StatutoryChannel | SameMatter | Secret | OutsideDuty | Unlawful, Field(discriminator="ground")
]


class AnsweredAtOnce(Value):
    """A consultation that the person at the telephone could answer."""

    ground: Literal["answered"] = "answered"
    told: Reason


Triage = Annotated[
    AnsweredAtOnce | EmergencyLine | StatutoryChannel | SameMatter | Secret | OutsideDuty | Unlawful,
    Field(discriminator="ground"),
]
"""What intake made of a complaint without any unit."""
