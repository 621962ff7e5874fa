"""What the service itself tells a case."""

from typing import Literal

from cases.vocabulary import Code, Note, Value


class ConfirmDelivery(Value):
    """A unit's system has taken the order; with `assist`, that of a unit that was called in."""

    type: Literal["confirm_delivery"] = "confirm_delivery"
    order: int
    unit: Code
    assist: int | None = None


class FailDelivery(Value):
    """An order did not reach a unit's system, and trying on would not help."""

    type: Literal["fail_delivery"] = "fail_delivery"
    order: int
    unit: Code
    assist: int | None = None
    reason: Note


class Tick(Value):
    """Time has passed: raise what has fallen due."""

    type: Literal["tick"] = "tick"
