"""The API's own description of itself."""

from typing import Any

from fastapi import FastAPI

from api.guard import SCHEMES
from api.problems import Problem, documented

SUMMARY = "A city's public complaints: every case keeps its promise."
DESCRIPTION = """
A complaint is taken in, sent to the unit in charge, acknowledged, handled, reported, and closed after the complainant
was called back; or it is answered at once, or found to be no unit's. Every step has a limit; `deadlines` tells each
with its arithmetic. Which steps and limits there are, the city's policy says.

**Keys and tokens.** Machines send a key, `Authorization: Bearer hl_...`; people send the token of the city's own
sign-in (OpenID Connect) in the same place. Both have a role. Whoever is several things by their groups says which of
them they act as in the header `X-Hotline-Role`: `desk`, or `unit_lead:water`. A unit sees the cases that it leads, led,
supervises or was asked into, and acts on its own part alone. What you may not know of does not exist for you (404).

**Repeating is safe.** Send an `Idempotency-Key` with every POST and the same one when you repeat it.

**Problems** come as `application/problem+json` (RFC 9457): `detail` says what is wrong and what to do, `errors` names
each field, `rule`, `source` and `allowed` say what forbids a step and what the case takes instead.

**Steps.** Every step of a case is a POST that answers with its new state. `allowed` names the steps that a case takes
now, whoever asks; in a refusal, those that it takes from you. Each name is the `operationId` of an address below.

**Units** read what they are told from their mailbox, or have it posted to a system of their own, which may then take
steps by signed callbacks instead of a key. `docs/departments.md` is the page for a department's programmer.

**Times** are ISO 8601 with an offset; in answers, that of the city. **Lists** are turned by `next`, sent as `after`.
"""
TAGS = [
    {"name": "cases", "description": "Taking complaints in, looking at cases, listing them."},
    {"name": "dispatching", "description": "The hotline: triage, dispatch, and the dispute about whose a matter is."},
    {"name": "handling", "description": "The unit that holds the order, and what it is granted."},
    {"name": "assisting", "description": "Units that are called in (吹哨报到)."},
    {"name": "complainant", "description": "What the complainant says and wants, whoever takes it down."},
    {"name": "oversight", "description": "Supervision, ends by a supervisor, notes."},
    {"name": "audit", "description": "Who did or saw what, when, from where and why."},
    {"name": "erasure", "description": "Erasing what cases tell of people, and keeping cases from it."},
    {
        "name": "units",
        "description": "Handling units with their mailboxes, systems and callbacks, the categories of matters, and the "
        "catalogue.",
    },
    {"name": "outgoing", "description": "What units' systems have not taken, and what became of notices to people."},
    {"name": "operation", "description": "For whoever runs the service; no key needed."},
]


def describe(app: FastAPI) -> None:
    """Add to the generated description what the routes refer to: the form of a problem, and what the guard asks for."""
    generate = app.openapi

    def described() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs", {})
            schemas["Problem"] = problem
            document["components"]["securitySchemes"] = SCHEMES
            _tell_what_any_route_may_answer(document)
        return document

    app.openapi = described  # type: ignore[method-assign]


def _tell_what_any_route_may_answer(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        guarded = path.startswith("/v1/")
        for method, operation in operations.items():
            reads = method in ("post", "put", "patch")
            statuses = [*((429,) if guarded else ()), *((408, 413) if reads else ()), 500]
            operation["responses"] = documented(*statuses, as_text=True) | operation["responses"]
