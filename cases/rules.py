"""The rules a city sets beside the limits of its levels. A rule that a policy leaves out is a step it does not have."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from cases.calendar import Calendar, Window
from cases.limits import Alarms, Anchor, Budget, Limit, Span
from cases.vocabulary import Satisfaction, Value

LimitName = Literal["dispatch", "acknowledge", "handle", "progress", "resolve"]
"""The limits that a level may have, as a policy names them."""


class CallBackRules(Span):
    """Art. 23: the limit from the report (or, without one, from the breach of the resolution limit) to the answer.

    Attempts that reach nobody count only between `hours`, in the city's wall-clock time, and `apart` from one another.
    `rounds` is how often a matter may be found unsolved before `exhausted` says what becomes of it.
    """

    attempts: Annotated[int, Field(ge=1, le=20)] = 3
    apart: Budget = Budget(0, "minute")
    hours: Window | None = None
    rounds: Annotated[int, Field(ge=1, le=10)] = 2
    exhausted: Literal["supervisor", "close"] = "supervisor"

    @model_validator(mode="before")
    @classmethod
    def _as_stored_before(cls, given: Any) -> Any:
        """Cases of the first release carry an anchor here that never meant anything."""
        if isinstance(given, dict) and given.get("counts_from") == Anchor.DISPATCH:
            return {name: value for name, value in given.items() if name != "counts_from"}
        return given


class ReturnRules(Value):
    """Art. 12, 14: how often a case may be returned before a supervisor designates its unit.

    With `adjudicate` a return is an objection, which the desk upholds or rejects within that limit; without it the
    order goes back to the desk as it is. `pauses` are the limits that stand still until the desk has decided.
    """

    at_most: Annotated[int, Field(ge=0, le=10)] = 2
    adjudicate: Span | None = None
    pauses: tuple[LimitName, ...] = ()


class AssistRules(Value):
    """Art. 16, 33: whistle and report-in (吹哨报到): the limits of a unit that was called in by the one that leads."""

    acknowledge: Span
    report: Span
    on_change_of_lead: Literal["keep", "release"] = "keep"


class WaitingRules(Value):
    """Waiting for the complainant: how long at most each time, how often, and which limits stand still meanwhile."""

    at_most: Budget
    times: Annotated[int, Field(ge=1, le=20)] = 2
    pauses: tuple[LimitName, ...] = ("handle", "progress", "resolve")


class AccountRules(Alarms):
    """Holding a case on account (挂账): how long at most, and who hears when a review is due or was missed."""

    at_most: Budget
    pauses: tuple[LimitName, ...] = ("handle", "progress", "resolve")


class ExtensionRules(Span):
    """Art. 15: extensions of at most so much each, so often an order; `within` is the limit for deciding on one."""

    at_most: Budget
    times: Annotated[int, Field(ge=1, le=10)] = 1


class UrgingRules(Value):
    """Urging (催办): how long apart, and how often at most."""

    apart: Budget
    at_most: Annotated[int, Field(ge=1, le=1_000)] = 10


class ReopeningRules(Value):
    """How long after its end, and how often, the complainant may have a case reopened."""

    within: Budget
    times: Annotated[int, Field(ge=1, le=10)] = 1


class AppealRules(Value):
    """A second stage before another reviewer: how long after the end, how often, and unlocked by which ratings.

    Without `unlocked_by` every complainant may appeal. The reviewer is never a unit that has had the case before.
    """

    within: Budget
    times: Annotated[int, Field(ge=1, le=5)] = 1
    unlocked_by: tuple[Satisfaction, ...] = ()
    acknowledge: Limit | None = None
    resolve: Limit


class Rules(Value):
    """All of them. `consultation` is the limit of a case that the consultation desk has to clear up (Art. 11, 12)."""

    callback: CallBackRules | None = None
    returns: ReturnRules = ReturnRules()
    consultation: Span | None = None
    assist: AssistRules | None = None
    waiting: WaitingRules | None = None
    account: AccountRules | None = None
    extension: ExtensionRules | None = None
    urging: UrgingRules | None = None
    reopening: ReopeningRules | None = None
    appeal: AppealRules | None = None
    calendar: Calendar | None = None
