"""What the service itself tells a case."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from cases.vocabulary import Code, Note, Value

Key = Annotated[str, StringConstraints(min_length=1, max_length=250)]


class ConfirmDelivery(Value):
    """A unit's system has taken the order, or what `about` and `sequence` tell; with `assist`, of a unit called in."""

    type: Literal["confirm_delivery"] = "confirm_delivery"
    order: int | None
    unit: Code
    assist: int | None = None
    about: Code = "dispatched"
    sequence: int | None = None
    key: Key | None = None


class FailDelivery(Value):
    """Something about an order did not reach a unit's system in time. If `final`, nobody tries on."""

    type: Literal["fail_delivery"] = "fail_delivery"
    order: int | None
    unit: Code
    assist: int | None = None
    reason: Note
    about: Code = "dispatched"
    sequence: int | None = None
    key: Key | None = None
    final: bool = True


class RetryDelivery(Value):
    """Somebody wants something about an order delivered again: what event `sequence` of the case owed the unit.

    `key` is the one under which it went out.
    """

    type: Literal["retry_delivery"] = "retry_delivery"
    key: Key
    unit: Code
    assist: int | None = None
    about: Code
    sequence: Annotated[int, Field(ge=1)]


class Tick(Value):
    """Time has passed: raise what has fallen due."""

    type: Literal["tick"] = "tick"
