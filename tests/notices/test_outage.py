"""PostgreSQL goes away between a message and the note that it went out, and nobody gets it twice."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.database import connect
from records.register import Register
from tests.notices.conftest import Desk
from tests.notices.mail_server import MailServer
from tests.own_keys import KEYS
from tests.records.test_outage import Server, server_of_its_own


@pytest.fixture
def server() -> Iterator[Server]:
    with server_of_its_own() as made:
        yield made


async def test_a_notice_goes_out_once_while_the_register_is_away(server: Server, mail: MailServer) -> None:
    engine = connect(server.url)
    with tempfile.TemporaryDirectory() as folder:
        register = Register(engine, KEYS)
        desk = Desk(register, register.sending_queue, Path(folder))
        desk.channels = f'[complainant]\nmail = "{mail.url("{email}")}"\n'
        gone = asyncio.Event()

        async def stop() -> None:
            if not gone.is_set():
                await asyncio.to_thread(server.stop)
                gone.set()

        mail.upon = stop
        await desk.owes()
        working = asyncio.create_task(desk.courier().run())
        await asyncio.wait_for(gone.wait(), 30)
        # Beyond the time for which it is left to whoever took it.
        desk.clock.passes(minutes=5)
        await asyncio.to_thread(server.start)
        await sent(desk, 1)
        await desk.owes()
        await sent(desk, 2)
        working.cancel()
        assert len(mail.mail) == 2
        assert len(set(mail.ids())) == 2
        await desk.close()
    await engine.dispose()


async def sent(desk: Desk, count: int) -> None:
    """Wait until so many sendings have gone out and are noted."""
    async with asyncio.timeout(60):
        while [one.state for one in await desk.sendings()] != ["sent"] * count:  # noqa: ASYNC110 - it is in a table
            await asyncio.sleep(0.05)
