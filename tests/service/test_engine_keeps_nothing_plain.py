"""What people said, and who they are, stands nowhere in the file of Temporal's server, in no form."""

import base64
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import worker
from api.idempotency import command_id
from cases.commands import Acknowledge, Act, CallBack, Command, Contact, Remark, Reopen, Report, Supplement, Wait
from cases.errors import RefusalError
from cases.routing import Unit
from cases.vocabulary import Actor, Channel, Complainant, Location, Outcome, Satisfaction
from hotline import temporal_server
from hotline.settings import Settings
from records.register import Register
from tests.own_keys import KEYS
from tests.service.free import ports
from tests.unit.narrative import DESK, FULL, INTAKE, UNIT_OF_WATER, WATER, received
from tests.unit_system import ON_THIS_MACHINE, UnitSystem
from tests.workflow.office import TO_WATER, until
from workflows.engine import Engine
from workflows.messages import workflow_id

NAME = "欧阳慧敏"
PHONE = "+86 139 1174 2306"
MAIL = "ouyang.huimin@nowhere.example"
WORDS = "The pump behind the nursery leaks gently"
ADDRESS = "Lane 47 of the Plum Blossom Court"
PLACE = 39.913847
PLANTED = (NAME, PHONE, MAIL, WORDS, ADDRESS, str(PLACE))
CONTROL = "plainly visible control"

pytestmark = pytest.mark.timeout(180)


def forms(text: str) -> Iterator[bytes]:
    """How a text may look inside a file: as it is, escaped for JSON or addresses, in base64 from any byte on."""
    plain = text.encode()
    yield from (plain, json.dumps(text)[1:-1].encode(), quote(text).encode(), plain.hex().encode())
    yield text.encode("utf-16-le")
    for shift in range(3):
        # Only what does not depend on what stands before and after it.
        whole = base64.b64encode(b"\0" * shift + plain)
        inside = whole[4 if shift else 0 : len(whole) // 4 * 4 - 4]
        yield inside
        yield inside.translate(bytes.maketrans(b"+/", b"-_"))


def found(texts: tuple[str, ...], files: list[bytes]) -> list[str]:
    return [text for text in texts if any(form in content for form in forms(text) for content in files)]


def contents(state: Path) -> list[bytes]:
    """The database, with what stands beside it and is not yet written into it."""
    return [path.read_bytes() for path in sorted(state.glob("temporal.db*"))]


@pytest.fixture
def unit_system() -> Iterator[UnitSystem]:
    with UnitSystem().running() as system:
        yield system


@contextmanager
def server(state: Path) -> Iterator[Settings]:
    """Temporal's server as the service starts it, on a file of its own."""
    api, temporal, ui = ports(3)
    chosen = Settings(_env_file=None, state=state, api_port=api, temporal_port=temporal, temporal_ui_port=ui)
    process = subprocess.Popen(  # noqa: S603
        temporal_server.command(chosen), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield chosen
    finally:
        process.terminate()
        process.wait(30)


@pytest_asyncio.fixture
async def kept(tmp_path: Path, register: Register, unit_system: UnitSystem) -> AsyncIterator[list[bytes]]:
    """The server's files, byte for byte, after whole lives of cases."""
    with server(tmp_path) as chosen:
        client = await temporal_server.prepare(KEYS, chosen)
        await register.put_units([Unit(code=WATER, kind="department", title={"en": "Water"})])
        await unit_system.connect(register, WATER)
        await live(client, register)
        await fail(client)
        await show(client)
    yield contents(tmp_path)


async def live(client: Client, register: Register) -> None:
    """A case of somebody who says everything everywhere, by updates and by signals, to its end and beyond."""
    queue = f"plain-{uuid4().hex}"
    command = received(TO_WATER, FULL, source_ref=uuid4().hex, at=datetime.now(UTC))
    act = command.act
    complaint = act.complaint.model_copy(  # type: ignore[union-attr]
        update={
            "subject": WORDS,
            "description": f"{NAME}: {WORDS}.",
            "complainant": Complainant(name=NAME, phone=PHONE, email=MAIL),
            "location": Location(address=ADDRESS, latitude=PLACE, longitude=116.4),
        }
    )
    command = command.model_copy(update={"act": act.model_copy(update={"complaint": complaint})})
    engine = Engine(client, queue, register.history)
    async with worker.build(client, queue, register, bounds=ON_THIS_MACHINE):
        number = (await engine.start(command))[0].number

        async def do(act: Act, actor: Actor) -> None:
            # As the API makes ids: whatever a caller puts into an Idempotency-Key.
            name = command_id("0123abcd", number, act.type, f"{PHONE} {MAIL}")
            await engine.submit(number, Command(id=name, actor=actor, act=act))

        await do(Remark(text=f"{NAME} {PHONE}"), DESK)
        await do(Acknowledge(), UNIT_OF_WATER)
        await do(Wait(reason=f"{NAME} is away; {WORDS}"), DESK)
        await do(Supplement(channel=Channel.PHONE, note=f"{NAME} at {ADDRESS}"), INTAKE)
        await do(Contact(note=f"spoke to {NAME}, {PHONE}"), UNIT_OF_WATER)
        with pytest.raises(RefusalError):
            await do(Reopen(reason=f"{NAME} wants it open"), INTAKE)
        signalled = Command(id="a signal", actor=DESK, act=Remark(text=f"{WORDS}, says {MAIL}"))
        await client.get_workflow_handle(workflow_id(number)).signal("note", signalled)
        await do(Report(outcome=Outcome.SOLVED, note=f"{WORDS}: mended for {NAME}"), UNIT_OF_WATER)
        happy = CallBack(
            reached=True, contacted=True, solved=True, satisfaction=Satisfaction.SATISFIED, note=f"{NAME}!"
        )
        await do(happy, DESK)
        await until(lambda: register.events(number), lambda events: any(one.fact.type == "closed" for one in events))
        await client.get_workflow_handle(workflow_id(number)).result()
        await do(Reopen(reason=f"{NAME}: {WORDS} again"), INTAKE)
        told = await engine.events(number)
    # What was planted did come to be: else nothing of it could be found anywhere.
    said = json.dumps([one.model_dump(mode="json") for one in told], ensure_ascii=False)
    assert [one for one in PLANTED if one not in said] == []


@activity.defn(name="break_down")
async def break_down(name: str) -> None:
    raise ApplicationError(f"{name} cannot be reached", {"phone": PHONE}, type="broken") from ValueError(MAIL)


@workflow.defn(name="Breaking", sandboxed=False)
class Breaking:
    """Says things in every place that the engine has for them, and fails of it."""

    @workflow.run
    async def run(self, name: str) -> None:
        await workflow.sleep(timedelta(milliseconds=1), summary=f"waiting for {name}")
        workflow.set_current_details(f"{name}: {WORDS}")
        await workflow.execute_activity(
            break_down,
            name,
            summary=f"calling {PHONE}",
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=2, initial_interval=timedelta(milliseconds=1)),
        )


async def fail(client: Client) -> None:
    """A workflow whose failures, memo and summaries are full of it."""
    queue = f"breaking-{uuid4().hex}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Breaking],
        activities=[break_down],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        with pytest.raises(WorkflowFailureError):
            await client.execute_workflow(
                Breaking.run,
                NAME,
                id=queue,
                task_queue=queue,
                memo={"who": f"{NAME} {PHONE}"},
                static_summary=f"about {NAME}",
                static_details=f"{WORDS} at {ADDRESS}",
            )


async def show(client: Client) -> None:
    """What is not locked is there to be found: or the search would find nothing, whatever there was."""
    plain = Client(client.service_client, data_converter=pydantic_data_converter)
    await plain.start_workflow("Nobody", CONTROL, id="control", task_queue="nobody", memo={"said": CONTROL})


async def test_nothing_of_a_person_stands_in_the_engines_file(kept: list[bytes]) -> None:
    assert sum(map(len, kept)) > 100_000
    assert found((CONTROL,), kept) == [CONTROL]
    assert found(PLANTED, kept) == []


@pytest.mark.parametrize("planted", PLANTED)
def test_the_search_finds_a_text_in_every_form(planted: str) -> None:
    told = {"a": [f"x{planted}y"]}
    for content in (
        f"before {planted} after".encode(),
        json.dumps(told).encode(),
        base64.b64encode(json.dumps(told, ensure_ascii=False).encode()),
        *(base64.urlsafe_b64encode(b"z" * shift + planted.encode() + b"!!!!") for shift in range(3)),
    ):
        assert found((planted,), [content]) == [planted]
    assert found((planted,), [b"nothing of the kind", b""]) == []
