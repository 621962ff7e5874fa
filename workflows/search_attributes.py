"""The search attributes that operators may filter case workflows by. They hold no personal data.

They serve batch work on the engine, never the product's lists, which are read from the register.
"""

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from cases.case import Case
from cases.vocabulary import Status

STAGE = SearchAttributeKey.for_keyword("HotlineStage")
UNIT = SearchAttributeKey.for_keyword("HotlineUnit")
LEVEL = SearchAttributeKey.for_keyword("HotlineLevel")

REGISTRY: dict[str, str] = {key.name: "Keyword" for key in (STAGE, UNIT, LEVEL)}
"""Every search attribute and its type, as they must be registered with the server."""

_STAGES = {
    Status.RECEIVED: "desk",
    Status.DISPATCHED: "unit",
    Status.ACKNOWLEDGED: "unit",
    Status.IN_PROGRESS: "unit",
    Status.REPORTED: "callback",
    Status.CLOSED: "closed",
}


def values(case: Case) -> dict[SearchAttributeKey[str], str]:
    """What the attributes say of a case: nothing that changes with every step, since each change costs a write."""
    return {UNIT: case.unit or "", LEVEL: case.terms.level}


def staged(case: Case) -> dict[SearchAttributeKey[str], str]:
    """What they say of a case whose run was begun in one of the first two layouts: also who must act next."""
    return {STAGE: _STAGES[case.status]} | values(case)


def typed(case: Case) -> TypedSearchAttributes:
    """The attributes with which a case's workflow starts."""
    return TypedSearchAttributes([SearchAttributePair(key, value) for key, value in values(case).items()])
