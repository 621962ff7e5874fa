"""Orders whose texts are sealed: opened on their way out, or not sent at all."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from cases.errors import UnavailableError
from cases.order_form import OrderForm
from cases.routing import Unit
from cases.sealed import ERASED, UNREADABLE
from records.data_keys import claim, destroy
from records.database import transaction
from records.register import Register
from tests.gateway.conftest import Gateway, order
from tests.gateway.receiver import Receiver, connect
from tests.own_keys import KEYS
from vault.sealing import DataKey, new_key


async def sealed(register: Register) -> tuple[OrderForm, DataKey]:
    """An order as the engine has it, with a key that belongs to its case."""
    key = await register.seals.new_key()
    made = order(key=key)
    async with transaction(register.seals.data_keys._engine) as connection:
        await claim(connection, made.case_number, [made.model_dump_json().encode()])
    return made, key


async def test_an_order_goes_out_open_with_the_contact_masked(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address)
    form = order()
    made, _ = await sealed(register)
    assert form.description not in made.model_dump_json()
    await gateway.deliver(made)
    await register.mailboxes.put([made])
    await gateway.deliver(made)
    assert len({post.body for post in roads.posts}) == 1
    said = json.loads(roads.posts[0].body)["data"]
    assert said["description"] == form.description
    assert said["location"]["address"] == form.location.address
    assert (said["complainant"]["email"], said["complainant"]["masked"]) == ("l***@example.org", True)
    assert "sealed." not in roads.posts[0].body.decode()


async def test_what_a_system_answers_is_sealed_by_the_key_of_the_case(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address)
    made, key = await sealed(register)
    roads.says(200, json.dumps({"answer": "refused", "reason": "Ask Mr Li."}))
    assert key.id in (await gateway.deliver(made)).reason
    roads.says(422, json.dumps({"detail": "Mr Li is unknown here."}))
    failure = await gateway.fails(made)
    assert "Mr Li" not in failure.message
    async with transaction(register.seals.data_keys._engine) as connection:
        kept = (await connection.execute(text("SELECT reason FROM deliveries"))).scalar_one()
        assert kept == failure.message
        assert key.id in kept
        await destroy(connection, made.case_number)
    register.seals.forget(made.case_number)
    stuck = await register.deliveries.find(made.key)
    assert stuck is not None
    assert stuck.row.reason == f"roads answers 422 and does not take what the order says: {ERASED}"


async def test_a_system_that_answers_with_a_sealed_text_is_not_believed(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address)
    roads.says(200, json.dumps({"answer": "refused", "reason": new_key().seal("What others said.")}))
    assert "an answer that is none: `reason`" in (await gateway.fails(order())).message


async def test_of_an_erased_case_nothing_is_sent_and_the_delivery_has_ended(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address)
    made, _ = await sealed(register)
    async with transaction(register.seals.data_keys._engine) as connection:
        assert await destroy(connection, made.case_number) == 1
    register.seals.forget(made.case_number)
    failure = await gateway.fails(made)
    assert failure.non_retryable
    assert failure.message == "roads is told nothing more of it: the case was erased"
    stuck = await register.deliveries.find(made.key)
    assert stuck is not None
    assert (stuck.state, stuck.row.reason) == ("stopped", failure.message)
    assert roads.posts == []
    assert (await gateway.deliver(order(ref="2"))).taken, "the system has done nothing wrong"


async def test_without_its_key_an_order_waits(gateway: Gateway, register: Register, roads: Receiver) -> None:
    await connect(register, "roads", roads.address)
    made, _ = await sealed(register)
    lost = order(key=new_key())
    failure = await gateway.fails(lost)
    assert not failure.non_retryable
    assert "cannot be used; see whether the file of keys is whole" in failure.message
    assert failure.next_retry_delay is not None
    assert roads.posts == []
    assert (await gateway.deliver(made)).taken
    assert UNREADABLE not in roads.posts[0].body.decode()


async def test_secrets_are_wrapped_and_those_of_an_earlier_release_are_when_they_are_read(register: Register) -> None:
    await register.put_units([Unit(code="roads", kind="department", title={"en": "roads"})])
    made = await register.systems.new_secret("roads", timedelta(hours=1))
    engine = register.seals.data_keys._engine
    async with transaction(engine) as connection:
        kept = (await connection.execute(text("SELECT secret FROM unit_secrets"))).scalar_one()
        assert kept.startswith("wrapped.1.00000001.")
        await connection.execute(text("INSERT INTO unit_secrets (unit, secret) VALUES ('roads', 'whsec_b2xk')"))
    assert await register.systems.by_master() == {"00000001": 1, "plain": 1}
    assert await register.systems.secrets("roads") == ["whsec_b2xk", made]
    assert await register.systems.by_master() == {"00000001": 2}
    turned = Register(engine, KEYS.with_ring("master", KEYS.master.turned()))
    assert await turned.systems.rewrap(10) == 2
    assert await turned.systems.rewrap(10) == 0
    assert await turned.systems.secrets("roads") == ["whsec_b2xk", made]
    async with transaction(engine) as connection:
        stolen = "UPDATE unit_secrets SET unit = 'water' WHERE id = (SELECT min(id) FROM unit_secrets)"
        await connection.execute(text(stolen))
    with pytest.raises(UnavailableError, match="a secret of water is wrapped by a master key that the file of keys"):
        await turned.systems.secrets("water")
