"""Photographs, recordings and films of a case (Art. 2, 5)."""

import asyncio
import secrets
from base64 import b32encode
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api import media
from api.access import Caller, forbidden
from api.answers import answer
from api.commands import check_takes_part, submit
from api.guard import CallerDep, GuardedRoute
from api.idempotency import IdempotencyKey
from api.lookup import NumberDep, find
from api.problems import ProblemError, documented
from api.services import Services, ServicesDep
from cases.attachment import Attachment
from cases.case import Case
from cases.commands import Remark, Supplement
from cases.disclosure import WHY, reads, sight
from cases.errors import InvalidError, UnavailableError
from cases.view import CaseView
from cases.vocabulary import Channel, Value
from records.attachments import GoneError, opened

_ONE_BY_ONE = asyncio.Lock()
"""Pictures are unpacked one at a time: a large one takes hundreds of megabytes for a moment."""

_SAFE = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"The bytes of one file: {media.TAKEN}. What it is shows in its content; the header "
        "Content-Type is not believed.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/octet-stream", "image/*", "audio/*", "video/*")
        },
    }
}

router = APIRouter(prefix="/v1/cases/{number}/attachments", tags=["cases"], route_class=GuardedRoute)


class Upload(Value):
    """What is said of a file that is sent."""

    name: str = Field("", max_length=200, description="Its name, for people.")
    note: str = Field("", max_length=4_000, description="What it shows.")
    channel: Channel = Field(Channel.WEB, description="How the complainant sent it; of a unit's own it is not asked.")


@router.post(
    "",
    status_code=201,
    response_model=CaseView,
    summary="Attach a photograph, a recording or a film",
    operation_id="attach",
    openapi_extra=_BODY,
    responses=documented(401, 403, 404, 409, 413, 415, 422, 503),
)
async def attach(
    request: Request,
    number: NumberDep,
    query: Annotated[Upload, Query()],
    caller: CallerDep,
    services: ServicesDep,
    idempotency_key: IdempotencyKey,
) -> Response:
    """The body is the file itself. From intake and desk it is the complainant's (`supplement`), from a unit its own
    (`note`), as a picture of what was done.

    What a camera writes into a picture, as place and time, is taken out. The file is locked by the key of its case.
    """
    case, _ = await find(services, caller, number)
    unit = caller.key.unit if caller.key.role.of_unit else None
    check_takes_part(caller, case)
    # Each unit's are counted by themselves: none may use up the room of the complainant's.
    own = sum(one.unit == unit for one in case.attachments)
    if own >= services.attachments_most:
        raise InvalidError("body", f"the case has {own} attachments of yours, and may have no more")
    sent = await request.body()
    async with _ONE_BY_ONE:
        file = await asyncio.to_thread(media.read, sent)
    attachment = Attachment(
        id=_id(services, number, caller, idempotency_key),
        media_type=file.media_type,
        bytes=len(file.content),
        name=query.name,
        unit=unit,
        content=services.register.seals.digests.of_text("attachment", sent.hex()),
    )
    if any(one.id == attachment.id and one.content != attachment.content for one in case.attachments):
        raise InvalidError("Idempotency-Key", "it was used for another file; choose a new one for a new file")
    key = await services.register.seals.key_for(number)
    await services.attachments.put(number, attachment.id, file.content, key)
    try:
        taken = await submit(services, caller, number, _act(caller, query, attachment), idempotency_key)
    except UnavailableError:
        # Whether it was taken is unknown; asked again under the same key it has the same place.
        raise
    except Exception:
        if all(one.id != attachment.id for one in case.attachments):
            await services.attachments.delete(number, attachment.id)
        raise
    place = f"/v1/cases/{number}/attachments/{attachment.id}"
    return answer(taken, services.city.policy.city_zone, status=201, headers={"Location": place})


@router.get(
    "/{attachment}",
    summary="Get an attachment",
    response_class=Response,
    responses={
        200: {
            "description": "The file.",
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/*", "audio/*", "video/*")
            },
        },
        **documented(401, 403, 404, 410, 422, 503),
    },
)
async def get_attachment(
    number: NumberDep,
    attachment: Annotated[str, Path(max_length=40, description="One of the case's `attachments`, by its `id`.")],
    caller: CallerDep,
    services: ServicesDep,
) -> Response:
    """The file as it is kept. Each look is noted in the audit trail, since pictures and voices tell of people.

    A voice or a film is not for whoever the complainant's contact is hidden from.
    """
    case, _ = await find(services, caller, number)
    if not reads(caller.actor, case.complaint.accused):
        raise forbidden(WHY["report"])
    known = _known(case, attachment)
    seen = sight(caller.actor, case)
    if known.tells_who and seen.contact == "hidden":
        raise forbidden(f"attachment: a voice or a film tells who somebody is, and {WHY[seen.bar]}")
    try:
        key_id, locked = await services.attachments.locked(number, known.id)
        key = (await services.register.seals.keys([key_id], strictly=True)).get(key_id)
        if key is None:
            raise GoneError
        content = opened(number, known.id, locked, key)
    except (GoneError, InvalidTag) as error:
        raise _gone() from error
    await services.register.audit.note(
        caller.actor, "attachment_read", origin=caller.origin, case=number, details={"attachment": known.id}
    )
    named = f"attachment; filename*=UTF-8''{quote(known.name or known.id, safe='')}"
    return Response(content, media_type=known.media_type, headers=_SAFE | {"Content-Disposition": named})


def _act(caller: Caller, query: Upload, attachment: Attachment) -> Supplement | Remark:
    said = query.note.strip() or "attachment"
    if caller.key.role.of_unit:
        return Remark(text=said, attachment=attachment)
    return Supplement(channel=query.channel, note=said, attachment=attachment)


def _id(services: Services, number: str, caller: Caller, idempotency_key: str | None) -> str:
    """An id of its own; the same when the request is repeated under its key."""
    if idempotency_key is None:
        drawn = secrets.token_bytes(16)
    else:
        told = f"{number} {caller.key.prefix} {idempotency_key}"
        drawn = bytes.fromhex(services.register.seals.digests.of_text("attachment id", told))
    return b32encode(drawn).decode().rstrip("=").lower()


def _known(case: Case, attachment: str) -> Attachment:
    for one in case.attachments:
        if one.id == attachment:
            return one
    raise ProblemError(
        HTTPStatus.NOT_FOUND,
        "unknown-attachment",
        "There is no such attachment",
        "attachment: the case has none of this id; the case itself lists those it has",
    )


def _gone() -> ProblemError:
    return ProblemError(
        HTTPStatus.GONE,
        "erased",
        "The attachment is gone",
        "attachment: it was erased with what people said in this case, or its file was lost or changed",
    )
