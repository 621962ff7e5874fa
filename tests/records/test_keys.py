"""API keys are found by their whole text only, and no longer than they are good for."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.errors import InvalidError
from cases.vocabulary import Actor, Role
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
    with pytest.raises(InvalidError, match="unit"):
        await keys.create(Role.UNIT_CLERK)
    with pytest.raises(InvalidError, match="district"):
        await keys.create(Role.DISTRICT)
    with pytest.raises(InvalidError, match="source"):
        await keys.create(Role.DESK, source="app")
    with pytest.raises(InvalidError, match="role"):
        await keys.create(Role.SYSTEM)
    with pytest.raises(InvalidError, match="expires_at"):
        await keys.create(Role.ADMIN, expires_at=datetime.now())  # noqa: DTZ005 - the mistake is the point
    assert await keys.list() == []


ANNA = Actor(role=Role.ADMIN, id="local:anna")
WEEK = timedelta(days=7)


async def trail(engine: AsyncEngine) -> list[tuple[str, str, dict[str, object]]]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT action, actor ->> 'id', details FROM audit_trail ORDER BY id"))
        return [(action, actor, details) for action, actor, details in rows]


async def test_a_rotated_key_is_for_the_same_and_the_old_one_holds_for_a_while(keys: Keys) -> None:
    old = await keys.create(Role.UNIT_LEAD, unit="roads", label="the roads' system")
    new = await keys.rotate(old[3:11], WEEK)
    was, made = await keys.find(old), await keys.find(new)
    assert was is not None
    assert made is not None
    assert (made.role, made.unit, made.source, made.label) == (was.role, was.unit, was.source, was.label)
    assert made.replaces == was.prefix
    assert made.expires_at is None
    assert was.expires_at is not None
    assert abs(was.expires_at - made.created_at - WEEK) < timedelta(seconds=1)


async def test_a_key_that_somebody_got_hold_of_is_worthless_at_once(keys: Keys) -> None:
    old = await keys.create(Role.DESK)
    new = await keys.rotate(old[3:11], timedelta(0))
    assert await keys.find(old) is None
    assert await keys.find(new) is not None


async def test_a_new_key_lasts_as_long_as_the_old_one_was_made_for(keys: Keys) -> None:
    now = datetime.now(UTC)
    old = await keys.create(Role.INTAKE, source="app", expires_at=now + timedelta(days=90))
    new = await keys.find(await keys.rotate(old[3:11], timedelta(days=200)))
    assert new is not None
    assert new.expires_at is not None
    assert abs(new.expires_at - new.created_at - timedelta(days=90)) < timedelta(minutes=1)
    kept = await keys.find(old)
    assert kept is not None
    assert kept.expires_at == now + timedelta(days=90), "a rotation never makes a key last longer"


async def test_a_key_is_replaced_once_unless_its_successor_is_lost(keys: Keys) -> None:
    old = await keys.create(Role.INTAKE, expires_at=datetime.now(UTC) + timedelta(days=90))
    lost = await keys.rotate(old[3:11], WEEK)
    with pytest.raises(InvalidError, match=f"replaced by {lost[3:11]}"):
        await keys.rotate(old[3:11], WEEK)
    await keys.revoke(lost[3:11])
    again = await keys.find(await keys.rotate(old[3:11], WEEK))
    assert again is not None
    assert again.expires_at is not None
    assert again.expires_at - again.created_at > timedelta(days=89), "not the week that was left of the old one"


async def test_a_worthless_key_is_not_rotated(keys: Keys) -> None:
    revoked = await keys.create(Role.DESK)
    await keys.revoke(revoked[3:11])
    expired = await keys.create(Role.DESK, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    for prefix, why in ((revoked[3:11], "revoked"), (expired[3:11], "expired"), ("00000000", "no key of this prefix")):
        with pytest.raises(InvalidError, match=why):
            await keys.rotate(prefix, WEEK)
    with pytest.raises(InvalidError, match="overlap"):
        await keys.rotate((await keys.create(Role.DESK))[3:11], -WEEK)


async def test_what_becomes_of_keys_is_in_the_audit_trail(keys: Keys, engine: AsyncEngine) -> None:
    made = await keys.create(Role.DISTRICT, unit="haidian", label="Ms Wang", actor=ANNA)
    new = await keys.rotate(made[3:11], WEEK, actor=ANNA)
    await keys.revoke(new[3:11], actor=ANNA)
    await keys.revoke(new[3:11], actor=ANNA)
    created, rotated, revoked = await trail(engine)
    assert (created[:2], rotated[:2], revoked[:2]) == tuple(
        (action, "local:anna") for action in ("key_created", "key_rotated", "key_revoked")
    )
    told = {"prefix": made[3:11], "role": "district", "unit": "haidian", "expires_at": None}
    assert created[2] == told
    assert (rotated[2]["prefix"], rotated[2]["replaces"]) == (new[3:11], made[3:11])
    assert revoked[2] == {"prefix": new[3:11]}


async def test_what_was_not_done_is_not_in_the_audit_trail(keys: Keys, engine: AsyncEngine) -> None:
    with pytest.raises(InvalidError):
        await keys.create(Role.UNIT_LEAD)
    with pytest.raises(InvalidError):
        await keys.revoke("00000000")
    with pytest.raises(InvalidError):
        await keys.rotate("00000000", WEEK)
    assert await trail(engine) == []
