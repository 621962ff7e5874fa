"""What the engine is told of a case's run besides its input."""

from typing import Any

from temporalio.common import Priority

from cases.case import Case
from cases.commands import content_fingerprint
from cases.story import summary
from workflows.search_attributes import typed


def particulars(case: Case) -> dict[str, Any]:
    """For operators, for its place in the queues, and to know the same complaint again."""
    return {
        "search_attributes": typed(case),
        "static_summary": summary(case),
        "memo": {"content": content_fingerprint(case.complaint)},
        "priority": Priority(priority_key=case.terms.priority, fairness_key=case.unit),
    }
