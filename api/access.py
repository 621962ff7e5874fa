"""The doors: which row of the table of rights each route is, and which cases a key reaches by what it is bound to."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request

from api import services
from api.people import ROLE_HEADER
from api.problems import ProblemError
from cases.case import Case
from cases.errors import UnknownCaseError
from cases.lifecycle import STEPS, By
from cases.rights import RIGHTS, acts_for
from cases.vocabulary import Actor, Role
from records.keys import Key

PUBLIC = frozenset({"GET /healthz", "GET /readyz", "GET /metrics"})
"""Routes that need no key, and tell nothing of any case."""

SIGNED = frozenset({"POST /v1/callbacks/{unit}"})
"""Routes that are open to whoever signs what is sent with a secret of the unit in the address."""

_ADDRESSES = {"request_extension": "/extension", "decide_extension": "/extension/decision"}


def step_address(act: str) -> str:
    """Where the step of an act is asked for, below the address of the case."""
    if act.startswith("assist_"):
        return f"/assists/{{assist}}/{act.removeprefix('assist_')}"
    return _ADDRESSES.get(act, f"/{act.replace('_', '-')}")


STEPS_OF_PEOPLE = tuple(act for act, step in STEPS.items() if step.by is not By.ENGINE)
"""The acts that have an address of their own."""

ROWS: dict[str, str] = {
    "POST /v1/cases": "receive",
    **{f"POST /v1/cases/{{number}}{step_address(act)}": act for act in STEPS_OF_PEOPLE},
    "GET /v1/cases": "list",
    "GET /v1/cases/{number}": "look",
    "GET /v1/cases/{number}/events": "events",
    "GET /v1/cases/{number}/explanation": "explain",
    "POST /v1/cases/{number}/reveal": "reveal",
    "POST /v1/cases/{number}/attachments": "attach",
    "GET /v1/cases/{number}/attachments/{attachment}": "attachment",
    "GET /v1/cases/{number}/candidates": "candidates",
    "POST /v1/candidates": "candidates",
    "POST /v1/callers": "candidates",
    "GET /v1/cases/{number}/caller": "candidates",
    "POST /v1/cases/{number}/caller-mark": "mark_caller",
    "DELETE /v1/cases/{number}/caller-mark": "mark_caller",
    "PUT /v1/cases/{number}/legal-hold": "legal_hold",
    "DELETE /v1/cases/{number}/legal-hold": "legal_hold",
    "POST /v1/cases/{number}/erase": "erase",
    "GET /v1/erasures": "erasures",
    "GET /v1/audit": "audit",
    "POST /v1/codec/decode": "codec",
    "GET /v1/units": "catalogue",
    "GET /v1/categories": "catalogue",
    "GET /v1/route": "catalogue",
    "GET /v1/units/{unit}/orders": "mailbox",
    "GET /v1/units/{unit}/system": "unit_system",
    "PUT /v1/units/{unit}/system": "set_unit_system",
    "DELETE /v1/units/{unit}/system": "set_unit_system",
    "POST /v1/units/{unit}/system/secrets": "set_unit_system",
    "GET /v1/deliveries": "deliveries",
    "GET /v1/notices": "notices",
    "POST /v1/notices/{id}/retry": "retry_notice",
}
"""Which row of the table of rights each route is the door of."""

ACCESS: dict[str, frozenset[Role]] = {route: RIGHTS[row].roles for route, row in ROWS.items()}
"""Which roles a route is open to. Of which cases it is narrows it further: see `Caller`."""

PARTS = ("unit", "assisting", "involved", "district")
"""The parts that a unit can have in a case, as the lists of cases know them."""

UNIT_ACTS = tuple(act for act in STEPS_OF_PEOPLE if RIGHTS[act].scopes[Role.UNIT_LEAD].is_open)
"""The acts whose steps are open to a unit."""


@dataclass(frozen=True)
class Caller:
    """Whoever holds a key. A unit's key reaches the cases it has a part in; one bound to a source, that source's.

    A unit that has `signed` what it sends is as good as one with a key of its own. A person's token is held like a key
    whose prefix is `person:` and the account. `origin` is the network address that the request came from. A district
    reaches the cases in which it has a part itself, or any unit of its `territory`, by the catalogue in force.
    """

    key: Key
    signed: bool = False
    origin: str = ""
    territory: frozenset[str] = frozenset()

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
        if self.key.unit is not None and self._own_units.isdisjoint(case.units_concerned()):
            raise UnknownCaseError(case.number)
        if self.key.source is not None and case.complaint.source != self.key.source:
            raise UnknownCaseError(case.number)

    def may(self, act: str) -> bool:
        """Whether the step of an act is open to the key's role."""
        return self.key.role in RIGHTS[act].roles

    def own_cases(self, asked: Mapping[str, str | None]) -> dict[str, str | None]:
        """Whose cases a list holds: as was asked for by one of the `PARTS`, or else those that the key's unit leads.

        A district's list holds what its units and itself lead, or one of them, as was asked for.

        Raises:
            ProblemError: another unit's were asked for.
        """
        parts = [part for part in PARTS if part != "unit" and asked.get(part) is not None]
        if self.key.role is Role.DISTRICT:
            if asked.get("unit") is None and not parts:
                return dict.fromkeys(PARTS) | {"district": self.key.unit}
            return self._of_district(asked, parts or ["unit"])
        own = {part: _own(part, asked.get(part), self.key.unit) for part in parts or ["unit"]}
        return {part: asked.get(part) for part in PARTS} | own

    def _of_district(self, asked: Mapping[str, str | None], parts: list[str]) -> dict[str, str | None]:
        for part in parts:
            if part == "district":
                _own(part, asked[part], self.key.unit)
            elif asked[part] not in self._own_units:
                raise forbidden(f"{part}: this key is bound to the district {self.key.unit!r}; write one of its units")
        return {part: asked.get(part) for part in PARTS}

    @property
    def _own_units(self) -> frozenset[str]:
        return self.territory | ({self.key.unit} if self.key.unit is not None else frozenset())

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
    text = key_text(request)
    if text is None:
        raise _unauthorized(
            "send a key, as Authorization: Bearer hl_... or X-API-Key: hl_...; or the token of your sign-in, as "
            "Authorization: Bearer ..."
        )
    key = await services.of(request).keyring.find(text, request.headers.get(ROLE_HEADER))
    if key is None:
        raise _unauthorized(
            "this key is unknown, expired or revoked; make a new one (`hotline keys create`), send it as Bearer hl_..."
            if text.startswith("hl_")
            else "this is no key, since it does not begin with hl_, and no token of a kind that can be checked here (a "
            "JWT); sign in anew, or send a key (`hotline keys create` makes them)"
        )
    if key.role not in ACCESS[route]:
        roles = ", ".join(sorted(ACCESS[route]))
        raise forbidden(f"a key of the role {key.role} may not do this; it is open to: {roles}")
    if acts_for(key.role) != (key.unit is not None):
        raise forbidden("this key's role and unit do not fit; make a new one with `hotline keys create`")
    request.state.caller = Caller(key, origin=origin_of(request), territory=_territory(request, key))


def _territory(request: Request, key: Key) -> frozenset[str]:
    if key.role is not Role.DISTRICT:
        return frozenset()
    units = services.of(request).city.catalogue.units.values()
    return frozenset(unit.code for unit in units if unit.district == key.unit)


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


def key_text(request: Request) -> str | None:
    """The key or token that a request is made under, as it is looked up; none if there is none."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and text.strip():
        return text.strip()
    return request.headers.get("X-API-Key")
