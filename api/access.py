"""Who may do what: one table of routes and roles, and what a key is bound to."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request

from api import services
from api.problems import ProblemError
from cases.case import Case
from cases.errors import UnknownCaseError
from cases.lifecycle import STEPS, By
from cases.vocabulary import Actor, Role
from records.keys import Key

_DESK = frozenset({Role.DESK, Role.SUPERVISOR, Role.ADMIN})
_INTAKE = _DESK | {Role.INTAKE}
_HANDLING = frozenset({Role.UNIT_CLERK, Role.UNIT_LEAD, Role.ADMIN})
_STAFF = _DESK | {Role.UNIT_CLERK, Role.UNIT_LEAD}
_SUPERVISION = frozenset({Role.SUPERVISOR, Role.ADMIN})
_EVERYBODY = _INTAKE | {Role.UNIT_CLERK, Role.UNIT_LEAD}
_OPERATION = frozenset({Role.ADMIN})

PUBLIC = frozenset({"GET /healthz", "GET /readyz", "GET /metrics"})
"""Routes that need no key, and tell nothing of any case."""

SIGNED = frozenset({"POST /v1/callbacks/{unit}"})
"""Routes that are open to whoever signs what is sent with a secret of the unit in the address."""

ACCESS: dict[str, frozenset[Role]] = {
    "POST /v1/cases": frozenset({Role.INTAKE, Role.DESK, Role.ADMIN}),
    "GET /v1/cases": _EVERYBODY,
    "GET /v1/cases/{number}": _EVERYBODY,
    "GET /v1/cases/{number}/events": _EVERYBODY,
    "GET /v1/cases/{number}/explanation": _EVERYBODY,
    "POST /v1/cases/{number}/answer": _DESK,
    "POST /v1/cases/{number}/not-dispatch": _DESK,
    "POST /v1/cases/{number}/consult": _DESK,
    "POST /v1/cases/{number}/dispatch": _DESK,
    "POST /v1/cases/{number}/designate": _SUPERVISION,
    "POST /v1/cases/{number}/reassign": _DESK,
    "POST /v1/cases/{number}/adjudicate": _DESK,
    "POST /v1/cases/{number}/join": _DESK,
    "POST /v1/cases/{number}/acknowledge": _HANDLING,
    "POST /v1/cases/{number}/return": _HANDLING,
    "POST /v1/cases/{number}/contact": _HANDLING,
    "POST /v1/cases/{number}/progress": _HANDLING,
    "POST /v1/cases/{number}/report": _HANDLING,
    "POST /v1/cases/{number}/extension": _HANDLING,
    "POST /v1/cases/{number}/extension/decision": _SUPERVISION,
    "POST /v1/cases/{number}/wait": _STAFF,
    "POST /v1/cases/{number}/hold": _SUPERVISION,
    "POST /v1/cases/{number}/review": _STAFF,
    "POST /v1/cases/{number}/resume": _STAFF,
    "POST /v1/cases/{number}/escalate": _HANDLING,
    "POST /v1/cases/{number}/whistle": _HANDLING,
    "POST /v1/cases/{number}/assists/{assist}/acknowledge": _HANDLING,
    "POST /v1/cases/{number}/assists/{assist}/refuse": _HANDLING,
    "POST /v1/cases/{number}/assists/{assist}/adjudicate": _STAFF,
    "POST /v1/cases/{number}/assists/{assist}/progress": _HANDLING,
    "POST /v1/cases/{number}/assists/{assist}/report": _HANDLING,
    "POST /v1/cases/{number}/callback": _DESK,
    "POST /v1/cases/{number}/withdraw": _INTAKE,
    "POST /v1/cases/{number}/supplement": _EVERYBODY,
    "POST /v1/cases/{number}/urge": _INTAKE,
    "POST /v1/cases/{number}/rate": _INTAKE,
    "POST /v1/cases/{number}/reopen": _INTAKE,
    "POST /v1/cases/{number}/appeal": _INTAKE,
    "POST /v1/cases/{number}/supervise": _DESK,
    "POST /v1/cases/{number}/close": _SUPERVISION,
    "POST /v1/cases/{number}/note": _EVERYBODY,
    "POST /v1/cases/{number}/retry-delivery": _DESK,
    "GET /v1/cases/{number}/candidates": _INTAKE,
    "POST /v1/candidates": _INTAKE,
    "GET /v1/units": _EVERYBODY,
    "GET /v1/units/{unit}/orders": _STAFF,
    "GET /v1/units/{unit}/system": _OPERATION,
    "PUT /v1/units/{unit}/system": _OPERATION,
    "DELETE /v1/units/{unit}/system": _OPERATION,
    "POST /v1/units/{unit}/system/secrets": _OPERATION,
    "GET /v1/deliveries": _STAFF,
    "GET /v1/notices": _DESK,
    "POST /v1/notices/{id}/retry": _DESK,
    "POST /v1/cases/{number}/reveal": _STAFF | {Role.INTAKE, Role.DISTRICT, Role.AUDITOR},
    "POST /v1/cases/{number}/attachments": _EVERYBODY,
    "GET /v1/cases/{number}/attachments/{attachment}": _EVERYBODY,
    "POST /v1/cases/{number}/caller-mark": _DESK,
    "DELETE /v1/cases/{number}/caller-mark": _DESK,
    "PUT /v1/cases/{number}/legal-hold": _SUPERVISION,
    "DELETE /v1/cases/{number}/legal-hold": _SUPERVISION,
    "POST /v1/cases/{number}/erase": _OPERATION,
    "GET /v1/erasures": frozenset({Role.AUDITOR, Role.ADMIN}),
    "GET /v1/audit": frozenset({Role.AUDITOR, Role.ADMIN}),
    "POST /v1/codec/decode": frozenset({Role.AUDITOR, Role.ADMIN}),
    "GET /v1/categories": _EVERYBODY,
    "GET /v1/route": _EVERYBODY,
}
"""Which roles a route is open to. What a key is bound to narrows it further: see `Caller`."""

PARTS = ("unit", "assisting", "involved", "district")
"""The parts that a unit can have in a case, as the lists of cases know them."""

_ADDRESSES = {"request_extension": "/extension", "decide_extension": "/extension/decision"}


def step_address(act: str) -> str:
    """Where the step of an act is asked for, below the address of the case."""
    if act.startswith("assist_"):
        return f"/assists/{{assist}}/{act.removeprefix('assist_')}"
    return _ADDRESSES.get(act, f"/{act.replace('_', '-')}")


UNIT_ACTS = tuple(
    act
    for act, step in STEPS.items()
    if step.by is not By.ENGINE and Role.UNIT_LEAD in ACCESS[f"POST /v1/cases/{{number}}{step_address(act)}"]
)
"""The acts whose steps are open to a unit."""


@dataclass(frozen=True)
class Caller:
    """Whoever holds a key. A unit's key reaches the cases it has a part in; one bound to a source, that source's.

    A unit that has `signed` what it sends is as good as one with a key of its own. A person's token is held like a key
    whose prefix is `person:` and the account. `origin` is the network address that the request came from.
    """

    key: Key
    signed: bool = False
    origin: str = ""

    @property
    def actor(self) -> Actor:
        """Who caused what the caller does; the key's secret is no part of it."""
        prefix = self.key.prefix
        own = "callback" if self.signed else prefix if ":" in prefix else f"key:{prefix}"
        return Actor(role=self.key.role, id=own, unit=self.key.unit)

    def check_sees(self, case: Case) -> None:
        """See that the case is, or once was, one the key is for.

        Raises:
            UnknownCaseError: it is not; nothing tells that case from one that does not exist.
        """
        if self.key.unit is not None and self.key.unit not in case.units_concerned():
            raise UnknownCaseError(case.number)
        if self.key.source is not None and case.complaint.source != self.key.source:
            raise UnknownCaseError(case.number)

    def may(self, act: str) -> bool:
        """Whether the step of an act is open to the key's role."""
        return self.key.role in ACCESS[f"POST /v1/cases/{{number}}{step_address(act)}"]

    def own_cases(self, asked: Mapping[str, str | None]) -> dict[str, str | None]:
        """Whose cases a list holds: as was asked for by one of the `PARTS`, or else those that the key's unit leads.

        Raises:
            ProblemError: another unit's were asked for.
        """
        parts = [part for part in PARTS if part != "unit" and asked.get(part) is not None] or ["unit"]
        own = {part: _own(part, asked.get(part), self.key.unit) for part in parts}
        return {part: asked.get(part) for part in PARTS} | own

    def own_unit(self, asked: str | None) -> str | None:
        """The unit of which a list tells: the one that was asked for, or the one the key is bound to.

        Raises:
            ProblemError: another unit was asked for.
        """
        return _own("unit", asked, self.key.unit)

    def check_unbound(self, what: str) -> None:
        """See that the key is not bound to a source, where things are listed that belong to none.

        Raises:
            ProblemError: it is.
        """
        if self.key.source is not None:
            raise forbidden(
                f"this key is bound to the source {self.key.source!r}, and {what} are of all sources; use a key that "
                "is bound to none"
            )

    def own_source(self, asked: str | None) -> str | None:
        """The source whose cases a list holds: the one that was asked for, or the one the key is bound to.

        Raises:
            ProblemError: another source was asked for.
        """
        return _own("source", asked, self.key.source)


def _own(name: str, asked: str | None, bound: str | None) -> str | None:
    if bound is not None and asked not in (None, bound):
        raise forbidden(f"{name}: this key is bound to {bound!r}; leave it out, or write {bound!r}")
    return bound or asked


async def admit(request: Request, route: str) -> None:
    """Let a request in, and note who it is from; before anything of its body is read.

    Raises:
        ProblemError: it has no valid key (401), or one whose role the route is not open to (403).
        UnavailableError: PostgreSQL is out of reach, and the key is not remembered.
    """
    if route in PUBLIC:
        return
    text = _key_text(request)
    if text is None:
        raise _unauthorized("send a key: Authorization: Bearer hl_..., or X-API-Key: hl_...")
    key = await services.of(request).keyring.find(text)
    if key is None:
        raise _unauthorized(
            "this key is unknown, expired or revoked; make a new one (`hotline keys create`), send it as Bearer hl_..."
        )
    if key.role not in ACCESS[route]:
        roles = ", ".join(sorted(ACCESS[route]))
        raise forbidden(f"a key of the role {key.role} may not do this; it is open to: {roles}")
    if key.role.of_unit != (key.unit is not None):
        raise forbidden("this key's role and unit do not fit; make a new one with `hotline keys create`")
    request.state.caller = Caller(key, origin=origin_of(request))


def origin_of(request: Request) -> str:
    """The network address that a request came from; empty if there is none."""
    return request.client.host if request.client else ""


def forbidden(detail: str) -> ProblemError:
    """What a valid key may not do."""
    return ProblemError(HTTPStatus.FORBIDDEN, "forbidden", "This key may not do that", detail)


def _unauthorized(detail: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED, "unauthorized", "A valid key is needed", detail, {"WWW-Authenticate": "Bearer"}
    )


def _key_text(request: Request) -> str | None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and text.strip():
        return text.strip()
    return request.headers.get("X-API-Key")
