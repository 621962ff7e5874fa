"""A case as one row of the register's list."""

from datetime import datetime

from cases.case import Case
from cases.commands import content_fingerprint
from cases.deadlines import next_due
from cases.shares import time_by_unit


def project(case: Case, updated_at: datetime) -> dict[str, object]:
    """The fields of a case's `CaseRow`, given when its last event happened.

    Not the row itself: making one costs more than writing it.
    """
    complaint, closure = case.complaint, case.closure
    due_name, due_at = next_due(case) or (None, None)
    return {
        "number": case.number,
        "version": case.version,
        "status": case.status,
        "level": case.terms.level,
        "kind": complaint.kind,
        "category": complaint.category,
        "channel": complaint.channel,
        "source": complaint.source,
        "source_ref": complaint.source_ref,
        "content_fingerprint": content_fingerprint(complaint),
        "subject": complaint.subject,
        "area": complaint.location.area,
        "unit": case.unit,
        "district": case.orders[-1].copy_to if case.unit else None,
        "policy": case.terms.policy,
        "policy_version": case.terms.version,
        "received_at": complaint.received_at,
        "updated_at": updated_at,
        "closed_at": closure.at if closure else None,
        "outcome": closure.outcome if closure else None,
        "due_at": due_at,
        "due_name": due_name,
        "breached": any("breach" in marks for marks in case.marks.values()),
        "returns": case.returns,
        "rounds": sum(order.reported_at is not None for order in case.orders),
        "ground": case.declined.ground if case.declined else None,
        "paused": case.pause.kind if case.pause else None,
        "incident": case.incident,
        "stage": case.stage,
        "reopened": case.reopened,
        "urges": len(case.urges),
        "supervised": case.supervised_at is not None,
        "awaits_supervisor": case.awaits_supervisor,
        "objected": _objected(case),
        "extension_asked": case.order is not None and case.order.extension is not None,
        "assisting": sorted({assist.unit for assist in case.assists if assist.outstanding}),
        "involved": _involved(case),
        "satisfaction": case.satisfaction,
        "confidential": complaint.confidential,
        "accused": list(complaint.accused),
        "unit_times": {unit: share._asdict() for unit, share in time_by_unit(case, updated_at).items()},
    }


def _objected(case: Case) -> bool:
    """Whether an objection to the order, or the refusal of a unit called in, waits for its decision."""
    disputed = case.order is not None and case.order.objection is not None
    return disputed or any(assist.refusal is not None for assist in case.assists)


def _involved(case: Case) -> list[str]:
    """Units that an open case has asked, and districts of units called in: they neither lead nor supervise it."""
    if not case.open:
        return []
    districts = {assist.copy_to for assist in case.assists if assist.outstanding and assist.copy_to}
    return sorted(districts | set(case.asked))
