"""API keys are found by their whole text only, and no longer than they are good for."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.errors import InvalidError
from cases.vocabulary import Role
from records.keys import Keys


@pytest.fixture
def keys(engine: AsyncEngine) -> Keys:
    return Keys(engine)


async def test_a_key_is_found_by_its_text(keys: Keys) -> None:
    made = await keys.create(Role.UNIT_LEAD, unit="roads", label="the roads' system")
    assert re.fullmatch(r"hl_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", made)
    key = await keys.find(made)
    assert key is not None
    assert (key.role, key.unit, key.source, key.label) == (Role.UNIT_LEAD, "roads", None, "the roads' system")
    assert key.prefix == made[3:11]


async def test_the_secret_is_not_kept(keys: Keys, engine: AsyncEngine) -> None:
    made = await keys.create(Role.ADMIN)
    async with engine.connect() as connection:
        kept = (await connection.execute(text("SELECT api_keys::text FROM api_keys"))).scalar_one()
    assert made[12:] not in kept


@pytest.mark.parametrize("wrong", ["", "hl_", "hl_00000000_" + "A" * 43, "Bearer x", "hl_\x00", "é" * 55])
async def test_what_is_no_key_is_not_found(keys: Keys, wrong: str) -> None:
    await keys.create(Role.ADMIN)
    assert await keys.find(wrong) is None


async def test_the_right_prefix_with_another_secret_is_not_found(keys: Keys) -> None:
    made, other = await keys.create(Role.ADMIN), await keys.create(Role.ADMIN)
    assert await keys.find(made[:12] + other[12:]) is None
    assert await keys.find(made + "x") is None
    assert await keys.find(made + "\n") is None


async def test_a_revoked_key_is_worthless_and_stays_revoked_since_then(keys: Keys) -> None:
    made = await keys.create(Role.SUPERVISOR)
    await keys.revoke(made[3:11])
    assert await keys.find(made) is None
    since = (await keys.list())[0].revoked_at
    assert since is not None
    await keys.revoke(made[3:11])
    assert (await keys.list())[0].revoked_at == since
    with pytest.raises(InvalidError, match="prefix"):
        await keys.revoke("nothing\x00")


async def test_an_expired_key_is_worthless(keys: Keys) -> None:
    now = datetime.now(UTC)
    assert await keys.find(await keys.create(Role.INTAKE, expires_at=now - timedelta(seconds=1))) is None
    assert await keys.find(await keys.create(Role.INTAKE, expires_at=now + timedelta(hours=1))) is not None


async def test_use_is_noted_but_not_every_time(keys: Keys) -> None:
    made = await keys.create(Role.INTAKE, source="boston-311")
    assert (await keys.list())[0].last_used_at is None
    await keys.find(made)
    first = (await keys.list())[0].last_used_at
    assert first is not None
    await keys.find(made)
    assert (await keys.list())[0].last_used_at == first


async def test_keys_are_listed_in_the_order_they_were_made(keys: Keys) -> None:
    made = [await keys.create(Role.ADMIN, label=str(index)) for index in range(3)]
    assert [key.prefix for key in await keys.list()] == [text[3:11] for text in made]


async def test_a_key_that_makes_no_sense_is_not_made(keys: Keys) -> None:
    with pytest.raises(InvalidError, match="unit"):
        await keys.create(Role.UNIT_LEAD)
    with pytest.raises(InvalidError, match="unit"):
        await keys.create(Role.ADMIN, unit="roads")
    with pytest.raises(InvalidError, match="role"):
        await keys.create(Role.SYSTEM)
    with pytest.raises(InvalidError, match="expires_at"):
        await keys.create(Role.ADMIN, expires_at=datetime.now())  # noqa: DTZ005 - the mistake is the point
    assert await keys.list() == []
