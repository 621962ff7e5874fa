"""What went out is taken down: many sendings at once, through an outage, and never without those who wait knowing."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.notices import notebook
from activities.notices.notebook import Notebook
from cases.errors import UnavailableError
from cases.policy import NoticeRules
from records.sending_queue import SendingQueue
from tests.notices.conftest import BY_DAY, NIGHT, Desk
from tests.outage import away


class Register:
    """Takes down what it is told, once it may; or fails, as often as it is to."""

    def __init__(self) -> None:
        self.written: list[list[str]] = []
        self.asked = 0
        self.fails: list[Exception] = []
        self.was_asked = asyncio.Event()
        self.may = asyncio.Event()
        self.may.set()

    async def write(self, sendings: Sequence[str]) -> None:
        self.asked += 1
        self.was_asked.set()
        await self.may.wait()
        if self.fails:
            raise self.fails.pop(0)
        self.written.append(list(sendings))


async def begun(register: Register, *sendings: str) -> tuple[Notebook, list[asyncio.Task[None]]]:
    """A notebook that writes the first of these down while the others come."""
    register.may.clear()
    made = Notebook(register.write)
    tasks = [asyncio.create_task(made.note(sendings[0]))]
    await register.was_asked.wait()
    tasks += [asyncio.create_task(made.note(one)) for one in sendings[1:]]
    await asyncio.sleep(0)
    return made, tasks


async def waiting(desk: Desk, count: int) -> list[str]:
    """So many sendings that wait for the morning."""
    desk.clock.now, desk.rules = NIGHT, NoticeRules(hours=BY_DAY)
    for _ in range(count):
        await desk.owes()
    await desk.courier().settle()
    found = await desk.sendings()
    assert [one.state for one in found] == ["waiting"] * count
    return [one.id for one in found]


async def test_what_ends_while_it_writes_is_written_together() -> None:
    register = Register()
    _, noting = await begun(register, "a", "b", "c", "d")
    assert not any(task.done() for task in noting), "nobody goes on before it is written"
    register.may.set()
    await asyncio.gather(*noting)
    assert register.written == [["a"], ["b", "c", "d"]]


async def test_one_write_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "_MOST", 2)
    register = Register()
    _, noting = await begun(register, "a", "b", "c", "d")
    register.may.set()
    await asyncio.gather(*noting)
    assert register.written == [["a"], ["b", "c"], ["d"]]


async def test_an_error_reaches_those_who_wait_and_nobody_else() -> None:
    register = Register()
    made, noting = await begun(register, "a", "b", "c")
    register.fails = [ValueError("first"), ValueError("both")]
    register.may.set()
    told = await asyncio.gather(*noting, return_exceptions=True)
    assert [str(one) for one in told] == ["first", "both", "both"]
    await made.note("d")
    await made.note("a")
    assert register.written == [["d"], ["a"]], "it goes on, and takes down again what it could not"


async def test_whoever_waits_may_be_stopped_and_it_is_written_all_the_same() -> None:
    register = Register()
    made, noting = await begun(register, "a", "b")
    for task in noting:
        task.cancel()
    await asyncio.gather(*noting, return_exceptions=True)
    register.may.set()
    await made.note("c")
    assert sorted(one for together in register.written for one in together) == ["a", "b", "c"]


async def test_while_the_register_is_away_they_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "_AGAIN_AFTER", 0.01)
    register = Register()
    _, noting = await begun(register, "a", "b")
    register.fails = [UnavailableError("out of reach") for _ in range(3)]
    register.may.set()
    await asyncio.gather(*noting)
    assert register.asked == 4
    assert register.written == [["a", "b"]]


async def test_an_outage_of_the_real_register_is_waited_out(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook, "_AGAIN_AFTER", 0.01)
    ids = await waiting(desk, 2)
    tried = asyncio.Event()

    async def write(sendings: Sequence[str]) -> None:
        try:
            await desk.queue.sent(sendings, desk.clock.now)
        except UnavailableError:
            tried.set()
            raise

    made = Notebook(write)
    with away(database_url):
        noting = [asyncio.create_task(made.note(one)) for one in ids]
        await tried.wait()
        assert not any(task.done() for task in noting)
    await asyncio.gather(*noting)
    assert {one.state for one in await desk.sendings()} == {"sent"}


async def test_many_are_one_transaction(desk: Desk, engine: AsyncEngine) -> None:
    ids = await waiting(desk, 5)
    commits: list[object] = []
    event.listen(engine.sync_engine, "commit", commits.append)
    await SendingQueue(engine).sent([*ids[:4], "of nobody"], desk.clock.now)
    assert len(commits) == 1
    states = {one.id: one.state for one in await desk.sendings()}
    assert [states[one] for one in ids] == ["sent"] * 4 + ["waiting"]
