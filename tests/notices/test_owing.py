"""Cases of the first layout ask for each notice by itself, and owe the same as all others."""

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.messages import NoticeRequest
from activities.notices.owing import Notices
from cases.effects import effects
from cases.evolve import fold
from cases.owed import owed
from tests.notices.conftest import Desk
from tests.notices.mail_server import MailServer
from tests.records.histories import lived


async def test_a_notice_that_is_asked_for_is_the_one_that_its_event_owes(desk: Desk, by_mail: MailServer) -> None:
    case, events = lived()
    asked = ActivityEnvironment()
    activity = Notices(desk.register)
    requests = [
        NoticeRequest(effect=effect, number=case.number)
        for event in events
        for effect in effects(fold(events[: event.seq]), event)
        if effect.kind == "notice"
    ]
    await desk.register.record(case.number, events[:1])
    with pytest.raises(ApplicationError, match="is not in the register yet") as early:
        await asked.run(activity.send, requests[-1])
    assert not early.value.non_retryable, "the event is on its way"
    await desk.register.record(case.number, events[1:])
    for request in requests * 2:
        await asked.run(activity.send, request)
    assert await desk.register.sendings.unplanned() == len(requests)
    # What the other layout owes with its events is the same, and changes nothing.
    await desk.register.sendings.owe(owed(events)[1])
    assert await desk.register.sendings.unplanned() == len(requests)
    await desk.courier().settle()
    assert {one.notice for one in await desk.sendings()} <= {request.effect.key for request in requests}
    assert {one.state for one in await desk.sendings()} == {"sent"}
