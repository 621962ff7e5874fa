"""What the engine, the register and the clock of the service bring upon a case; and the other workflows."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import text

from activities.messages import Ruling
from cases.city import City
from cases.commands import Acknowledge, Contact, Remark, Report, Urge, Withdraw
from cases.events import Noted
from cases.policy import Policy
from cases.retention import Age, Retention
from cases.routing import Catalogue
from cases.vocabulary import Outcome
from records.database import transaction
from tests.replay.town import TO_ROADS, Town
from tests.unit.narrative import DESK, FULL, HAPPY, INTAKE, SOLVED, limit
from workflows import adoption_messages, messages, reconciliation_messages, retention_messages
from workflows.adoption_messages import AdoptionStart
from workflows.messages import LAYOUT, CaseStart
from workflows.reconciliation_messages import ReconciliationDone, ReconciliationStart
from workflows.retention_messages import RetentionStart


async def long_life(town: Town) -> None:
    """A history that is long goes on in new runs, with an order still under way."""
    town.system.answers = [503, 503, 503]
    case = await town.receive(TO_ROADS, renew_after=40)
    for place in range(12):
        await case.do(Remark(text=f"Remark {place}."), DESK)
    await case.has("delivered")
    for _ in range(6):
        await case.do(Remark(text="Another remark."), DESK)
    await case.do(Withdraw(), INTAKE)
    await case.ends()


async def signals(town: Town) -> None:
    """Commands by signal: taken, forbidden, and not to be read."""
    case = await town.receive()
    await case.signal(Report(outcome=Outcome.SOLVED, note="Filled."))
    await case.has("refused")
    await case.signal(Acknowledge())
    await case.handle.signal("contact", "this is not a command")
    await case.has("acknowledged")
    await case.rests()


async def register_away(town: Town) -> None:
    """The register fails while a case comes in and is signed for; its limits run on."""
    async with transaction(town.database) as connection:
        await connection.execute(text("ALTER TABLE case_events RENAME TO away"))
    case = await town.receive()
    await case.do(Acknowledge())
    async with transaction(town.database) as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO case_events"))
    await case.has("acknowledged")
    await case.rests()


async def contradicted(town: Town) -> None:
    """The register holds an event that never came to be, and is written anew."""
    case = await town.receive()
    events = await town.engine.events(case.number)
    await case.rests()
    ghost = events[-1].model_copy(update={"seq": len(events) + 1, "fact": Noted(text="Never came to be.")})
    await town.register.record(case.number, [ghost])
    await case.do(Acknowledge())
    await case.do(Contact())
    await case.has("contacted")
    await case.rests()


async def register_lost_events(town: Town) -> None:
    """The register was restored from an older copy, and is filled again from the history."""
    case = await town.receive()
    await case.do(Acknowledge())
    await case.rests()
    async with transaction(town.database) as connection:
        for table, column in (("case_events", "case_number"), ("cases", "number")):
            await connection.execute(text(f"DELETE FROM {table} WHERE {column} = :number"), {"number": case.number})  # noqa: S608
    await case.do(Urge(), INTAKE)
    await case.has("received", "urged")
    await case.rests()


async def adoption(town: Town) -> None:
    """A new version of a policy on its way to three open cases, page by page, one of which does not answer at first."""
    old = _city(FULL, "1")
    faster = FULL.levels["general"].model_copy(update={"resolve": limit("9 days")})
    new = _city(FULL, "2", old.policy, open_cases="adopt", levels={"general": faster})
    cases = [await town.receive(policy=old) for _ in range(3)]
    for case in cases:
        await case.has("received")
    silent = cases[0]
    await silent.rests()
    await silent.handle.terminate()
    ruling = await _in_force(town, new)
    name = adoption_messages.workflow_id(ruling.policy, ruling.version)
    town.begun.append(name)
    handle = await town.environment.client.start_workflow(
        adoption_messages.WORKFLOW,
        AdoptionStart(ruling=ruling, page_size=1, pages_a_run=2),
        id=name,
        task_queue=town.queue,
    )
    for case in cases[1:]:
        await case.has("adopted")
        await case.rests()
    events = tuple(await town.register.events(silent.number))
    await town.environment.client.start_workflow(
        messages.WORKFLOW,
        CaseStart(events=events, recorded=len(events), layout=LAYOUT),
        id=messages.workflow_id(silent.number),
        task_queue=town.queue,
    )
    await town.environment.fast_forward(handle, timedelta(seconds=31))
    await silent.has("adopted")
    await silent.rests()
    await town.environment.fast_forward(handle, timedelta(hours=25))
    await handle.result()


async def superseded_adoption(town: Town) -> None:
    """A version that is not in force any more stops on its way."""
    first = await _in_force(town, _city(FULL, "1", open_cases="adopt"))
    await _in_force(town, _city(FULL, "2", open_cases="adopt", code=first.policy))
    name = adoption_messages.workflow_id(first.policy, first.version)
    town.begun.append(name)
    handle = await town.environment.client.start_workflow(
        adoption_messages.WORKFLOW, AdoptionStart(ruling=first), id=name, task_queue=town.queue
    )
    await handle.result()


async def retention(town: Town) -> None:
    """The nightly erasing, over several pages and runs."""
    policy = _city(FULL, "1", retention=Retention(default=Age.parse("3 years")))
    await town.register.policies.put(City(policy, Catalogue([], [], [])))
    for _ in range(3):
        case = await town.receive(policy=policy)
        for act in (Acknowledge(), Contact(), SOLVED):
            await case.do(act)
        await case.do(HAPPY, DESK)
        await case.ends()
    # Those cases are erased with their histories, so they leave none to be recorded.
    town.begun.clear()
    name = f"retention-{uuid4().hex}"
    town.begun.append(name)
    later = datetime.now(UTC) + timedelta(days=4 * 366)
    handle = await town.environment.client.start_workflow(
        retention_messages.WORKFLOW,
        RetentionStart(now=later, page_size=1, pages_a_run=2, a_second=1_000),
        id=name,
        task_queue=town.queue,
    )
    await handle.result()


async def reconciliation(town: Town) -> None:
    """Every case compared with its record, over several pages and runs: a wrong row is mended, a lost case revived."""
    cases = [await town.receive() for _ in range(4)]
    for case in cases:
        await case.has("received")
        await case.rests()
    async with transaction(town.database) as connection:
        wrong = text("UPDATE cases SET status = 'reported' WHERE number = :number")
        await connection.execute(wrong, {"number": cases[0].number})
    lost = cases[-1]
    await lost.handle.terminate()
    name = f"reconciliation-{uuid4().hex}"
    town.begun.append(name)
    handle = await town.environment.client.start_workflow(
        reconciliation_messages.WORKFLOW,
        ReconciliationStart(revive=True, grace=1.0, a_second=1_000, page_size=2, pages_a_run=2),
        id=name,
        task_queue=town.queue,
        result_type=ReconciliationDone,
    )
    await town.environment.fast_forward(handle, timedelta(minutes=10))
    done = await handle.result()
    assert done.left == 0
    await lost.do(Acknowledge())
    await lost.after(days=2)
    await lost.rests()


def _city(policy: Policy, version: str, code: str | None = None, **changed: object) -> Policy:
    own = {"policy": code or f"town-{uuid4().hex[:8]}", "version": version}
    return policy.model_copy(update=own | changed)


async def _in_force(town: Town, policy: Policy) -> Ruling:
    await town.register.policies.put(City(policy, Catalogue([], [], [])))
    since = (await town.register.policies.put_in_force(policy.policy, policy.version)).in_force_since
    assert since is not None
    return Ruling(policy=policy.policy, version=policy.version, since=since)


LIVES = (
    long_life,
    signals,
    register_away,
    contradicted,
    register_lost_events,
    adoption,
    superseded_adoption,
    retention,
    reconciliation,
)
