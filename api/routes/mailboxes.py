"""The units' mailboxes."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.guard import CallerDep, GuardedRoute
from api.lookup import check_known
from api.metrics import leave_untimed
from api.outgoing import MailboxPage, MailboxQuery
from api.problems import documented, unknown_unit
from api.routes.cases import link_to_next
from api.services import ServicesDep
from cases.disclosure import meets
from cases.vocabulary import Code

router = APIRouter(prefix="/v1", tags=["units"], route_class=GuardedRoute)


@router.get(
    "/units/{unit:path}/orders",
    response_model=MailboxPage,
    summary="A unit's mailbox (承办单位信箱)",
    responses=documented(401, 403, 404, 422, 503),
)
async def read_mailbox(
    unit: Annotated[Code, Path(description="The unit's code.")],
    query: Annotated[MailboxQuery, Query()],
    request: Request,
    caller: CallerDep,
    services: ServicesDep,
) -> Response:
    """Everything that the unit was told of its orders, in order, whether or not it has a system of its own.

    Each item is what is posted to systems, with its `place`; contacts are masked, as there. Go on with `next` as
    `after`; keep it with what you have done. With `wait` it answers as soon as something is there; one client that
    waits is enough, and where very many do, one more is answered 503. What the unit holds now, due next first, is
    listed by GET /v1/cases?unit=&order=due_at; the steps that answer an order are those of its case.
    """
    if query.wait:
        leave_untimed(request)
    caller.check_unbound("mailboxes")
    if caller.key.unit not in (None, unit):
        raise unknown_unit(f"this key is bound to the unit {caller.key.unit!r}; ask for its orders")
    await check_known(services, unit)
    gone = asyncio.create_task(_gone(request))
    try:
        page = await services.watch.read(unit, query.after, query.limit, query.wait, gone)
    finally:
        gone.cancel()
    more = link_to_next(request, str(page.next)) if len(page.letters) == query.limit else {}
    body = page.body if meets(caller.key.role) else page.body_without_contacts
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store", **more})


async def _gone(request: Request) -> None:
    """Done once the client has gone away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
