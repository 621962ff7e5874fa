"""What the engine keeps, made readable for those who may: the protocol by which Temporal's UI and CLI ask for it."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from pydantic import BaseModel, ConfigDict, Field
from temporalio.api.common.v1 import Payload, Payloads

from api.access import Caller
from api.guard import CallerDep, GuardedRoute
from api.problems import documented
from api.services import Services, ServicesDep
from cases import number
from cases.errors import InvalidError
from cases.sealed import keys_in
from cases.vocabulary import Role
from vault.sealing import open_document
from workflows.codec import ENCODING, LockedError
from workflows.messages import workflow_id

router = APIRouter(prefix="/v1/codec", tags=["operation"], route_class=GuardedRoute)

_JSON = b"json/"
_MOST = 1_000
_MOST_KEYS = 50
_NAMESPACE = re.compile(r"[\w.-]{1,100}", re.ASCII)

_ENCODED: dict[str, Any] = {
    "metadata": {"encoding": "YmluYXJ5L2VuY3J5cHRlZA==", "hotline-key": "MDAwMDAwMDE="},
    "data": "kJ8mC6l0YyQ1…",
}


class PayloadsBody(BaseModel):
    """Payloads as Temporal writes them in JSON: metadata and data in base64."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"payloads": [_ENCODED]}]})

    payloads: list[dict[str, Any]] = Field(default_factory=list, max_length=_MOST, description="As Temporal sent them.")


@router.post(
    "/decode",
    response_model=PayloadsBody,
    summary="Read what Temporal keeps",
    responses=documented(400, 401, 403, 413, 415, 422, 503),
)
async def decode(
    body: PayloadsBody,
    caller: CallerDep,
    services: ServicesDep,
    namespace: Annotated[str, Header(alias="X-Namespace", description="Temporal's namespace.")] = "",
    workflow: Annotated[str, Header(alias="X-Workflow-Id", description="The workflow that they are of.")] = "",
) -> JSONResponse:
    """Temporal's remote codec: payloads locked by the service come back open, others as they are.

    What people said is sealed once more within, and only an auditor reads it here. Every request stands in the audit
    trail before it is answered.
    """
    opened = await _unlocked(services, body)
    told = [one for one, was_locked in opened if was_locked and _is_json(one)]
    keys = set[str]()
    if caller.key.role is Role.AUDITOR:
        # Of what was never locked nobody knows who wrote it: a sealed text in it stays sealed.
        keys = keys.union(*(keys_in(one.data.decode(errors="replace")) for one in told))
    if len(keys) > _MOST_KEYS:
        raise InvalidError("payloads", f"need {len(keys)} keys of cases; ask for those of {_MOST_KEYS} at once")
    await _note(services, caller, keys, _case_of(workflow), len(opened), namespace)
    if keys:
        found = await services.register.seals.keys(keys, strictly=True)
        for one in told:
            one.data = open_document(one.data.decode(errors="replace"), found).encode()
    plain = Payloads(payloads=[one for one, _ in opened])
    return JSONResponse(MessageToDict(plain), headers={"Cache-Control": "no-store"})


async def _note(
    services: Services, caller: Caller, keys: set[str], claimed: str | None, payloads: int, namespace: str
) -> None:
    """Note the look at every case whose texts are opened, and at the one that it is said to be for."""
    seen = await services.register.seals.data_keys.cases_of(keys) if keys else set[str]()
    details = {"payloads": payloads, "namespace": namespace if _NAMESPACE.fullmatch(namespace) else ""}
    cases: list[str | None] = [*sorted(seen)] or [claimed]
    for case in cases:
        named = details | {"opened": case in seen}
        await services.register.audit.note(caller.actor, "payload_read", origin=caller.origin, case=case, details=named)


async def _unlocked(services: Services, body: PayloadsBody) -> list[tuple[Payload, bool]]:
    """The payloads as they were, and whether each was locked."""
    opened = []
    for place, one in enumerate(body.payloads):
        try:
            given = ParseDict(one, Payload())
            opened.append((await services.engine.unlocked(given), given.metadata.get("encoding") == ENCODING))
        except (ParseError, ValueError) as error:
            raise InvalidError(f"payloads[{place}]", "is no payload as Temporal writes them in JSON") from error
        except LockedError as error:
            raise InvalidError(f"payloads[{place}]", f"cannot be opened: {error}") from error
    return opened


def _case_of(workflow: str) -> str | None:
    """The case whose workflow it is; none for other workflows, and whatever else may stand in a header."""
    begin = workflow_id("")
    try:
        return number.parse(workflow.removeprefix(begin)) if workflow.startswith(begin) else None
    except InvalidError:
        return None


def _is_json(payload: Payload) -> bool:
    return payload.metadata.get("encoding", b"").startswith(_JSON)
