"""What is stuck on its way to a unit is listed: how often it was tried, why it failed, and since when."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.errors import InvalidError
from records.deliveries import Stuck
from records.register import Register
from tests.gateway.conftest import order


async def found(register: Register, key: str) -> Stuck:
    stuck = await register.deliveries.find(key)
    assert stuck is not None
    return stuck


async def test_a_failure_is_counted_from_the_first_and_told_by_the_last(register: Register) -> None:
    form = order()
    await register.deliveries.failed(form, "roads answers 500")
    first = await found(register, form.key)
    await register.deliveries.failed(form, "roads answers 503\x00")
    stuck = await found(register, form.key)
    assert (first.row.attempts, stuck.row.attempts) == (1, 2)
    assert stuck.row.since == first.row.since <= first.row.last_tried_at < stuck.row.last_tried_at
    assert stuck.row.reason == "roads answers 503\N{REPLACEMENT CHARACTER}"
    assert stuck.row.expected_by == form.expected_by(datetime.now(UTC))
    assert (stuck.row.unit, stuck.row.case_number) == ("roads", form.case_number)
    assert (stuck.row.sequence, stuck.row.about) == (form.sequence, "dispatched")
    assert (stuck.row.order_index, stuck.row.assist, stuck.row.level) == (1, None, "general")
    await register.deliveries.arrived([form.key, "another"])
    assert await register.deliveries.find(form.key) is None


async def test_what_waits_behind_others_is_no_attempt_and_hides_none(register: Register) -> None:
    form, other = order(), order(ref="2")
    await register.deliveries.waits(form, "roads: waits behind others")
    assert (await found(register, form.key)).row.attempts == 0
    await register.deliveries.failed(form, "roads answers 500")
    await register.deliveries.waits(form, "roads: waits behind others")
    stuck = await found(register, form.key)
    assert (stuck.row.attempts, stuck.row.reason) == (1, "roads answers 500")
    await register.deliveries.failed(other, "roads answers 404", stopped=True)
    assert (await found(register, other.key)).state == "stopped"
    await register.deliveries.waits(other, "roads: waits behind others")
    assert (await found(register, other.key)).state == "retrying", "somebody has it tried again"


async def test_the_list_is_read_page_by_page_by_unit_and_state(register: Register, engine: AsyncEngine) -> None:
    forms = [order(unit, str(place)) for place in range(6) for unit in ("roads", "water")]
    for form in forms:
        await register.deliveries.failed(form, "answers 500")
    await register.deliveries.failed(forms[0], "answers 404", stopped=True)
    late = datetime.now(UTC) - timedelta(minutes=1)
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE deliveries SET expected_by = :late WHERE key = ANY(:keys)"),
            {"late": late, "keys": [forms[0].key, forms[2].key, forms[3].key]},
        )

    async def listed(**asked: str) -> list[str]:
        keys, after = [], None
        while True:
            page = await register.deliveries.page(limit=2, after=after, **asked)  # type: ignore[arg-type]
            keys += [stuck.row.key for stuck in page.items]
            if (after := page.next) is None:
                return keys

    keys = [form.key for form in forms]
    assert await listed() == keys, "what has failed for longest comes first"
    assert await listed(unit="water") == keys[1::2]
    assert await listed(state="stopped") == keys[:1]
    assert await listed(state="undelivered") == keys[2:4]
    assert await listed(state="retrying") == [keys[1], *keys[4:]]
    assert await listed(unit="water", state="undelivered") == keys[3:4]
    assert await listed(unit="parks") == []
    assert await register.deliveries.counts() == {
        ("roads", "stopped"): 1,
        ("roads", "undelivered"): 1,
        ("roads", "retrying"): 4,
        ("water", "undelivered"): 1,
        ("water", "retrying"): 5,
    }


@pytest.mark.parametrize("asked", [{"after": "?"}, {"limit": 0}, {"state": "lost"}])
async def test_what_makes_no_sense_is_refused_by_its_name(register: Register, asked: dict[str, str]) -> None:
    with pytest.raises(InvalidError) as refused:
        await register.deliveries.page(**asked)  # type: ignore[arg-type]
    assert refused.value.field == next(iter(asked))
