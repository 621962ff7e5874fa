"""Notices go by PostgreSQL's clock, whatever a worker's own says."""

import asyncio
import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.drill import clock
from tests.notices.conftest import Desk
from tests.notices.mail_server import MailServer

LEASE = timedelta(seconds=15)


async def row(engine: AsyncEngine, asked: str) -> Any:
    async with engine.connect() as connection:
        return (await connection.execute(text(asked))).one()


async def by_postgres(engine: AsyncEngine) -> datetime:
    found: datetime = (await row(engine, "SELECT clock_timestamp()"))[0]
    return found


@pytest.mark.skipif(not clock.possible(), reason="the package libfaketime is not installed")
@pytest.mark.parametrize("off", [3600, -3600])
async def test_a_courier_whose_clock_is_an_hour_off_plans_sends_and_takes_as_any_other(
    desk: Desk, by_mail: MailServer, engine: AsyncEngine, database_url: str, tmp_path: Path, off: int
) -> None:
    taken: list[tuple[datetime, datetime]] = []

    async def arrives() -> None:
        taken.append(tuple(await row(engine, "SELECT claimed_until, clock_timestamp() FROM sendings")))

    by_mail.upon = arrives
    channels = tmp_path / "astray.toml"
    channels.write_text(desk.channels or "", encoding="utf-8")
    wrong = clock.Clock(tmp_path / "clock")
    wrong.set_off(off)
    await desk.owes()
    before = await by_postgres(engine)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.notices.astray", database_url, str(channels)),
        env=os.environ | wrong.variables,
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    after = await by_postgres(engine)
    assert process.returncode == 0
    assert abs(float(said) - time.time()) > 1800, "its clock was right"
    sending = await row(engine, "SELECT state, planned_at, send_after, sent_at FROM sendings")
    assert sending.state == "sent"
    assert before < sending.planned_at < sending.sent_at < after
    assert before < sending.send_after < after
    ((until, then),) = taken
    assert before + LEASE < until < then + LEASE
