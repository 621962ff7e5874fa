"""An order is the same bytes whenever it is sent, and signed with every secret that its unit may hold."""

import json
from datetime import timedelta

from sqlalchemy import text
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from activities.signing import body
from cases.disclosure import shown_form
from cases.order_form import OrderForm
from records.database import transaction
from records.register import Register
from tests.gateway.conftest import Gateway, order
from tests.gateway.receiver import Post, Receiver, connect


def verified(secret: str, post: Post) -> bool:
    try:
        Webhook(secret).verify(post.body, post.headers)
    except WebhookVerificationError:
        return False
    return True


async def test_an_order_is_posted_in_the_shape_that_is_documented(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    secret = await connect(register, "roads", f"{roads.address}/hotline/?tenant=7")
    form = order()
    await gateway.deliver(form)
    (post,) = roads.posts
    assert post.path == "/hotline/orders?tenant=7"
    assert post.headers["content-type"] == "application/json"
    assert post.headers["user-agent"] == "hotline"
    assert post.headers["webhook-id"] == post.headers["idempotency-key"] == form.key
    assert verified(secret, post)
    said = json.loads(post.body)
    assert set(said) == {"type", "timestamp", "data"}
    assert said["type"] == "order.dispatched"
    assert said["timestamp"] == said["data"]["at"]
    assert OrderForm.model_validate(said["data"]) == shown_form(form)
    assert set(said["data"]) == set(OrderForm.model_fields) - {"withheld"}, "what has no value is there all the same"


async def test_every_attempt_of_every_process_sends_the_same_bytes(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address)
    form = order()
    roads.says(500)
    await gateway.fails(form)
    again = Gateway(register, gateway.departments._bounds)
    await again.fails(OrderForm.model_validate_json(form.model_dump_json()))
    await again.departments.aclose()
    roads.says(200)
    await gateway.deliver(form)
    assert len({post.body for post in roads.posts}) == 1
    assert len({post.key for post in roads.posts}) == 1
    assert len(roads.posts) == 3


async def test_a_release_that_puts_an_order_otherwise_still_posts_what_stands_in_the_mailbox(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await connect(register, "roads", roads.address)
    form = order()
    await register.mailboxes.put([form])
    await gateway.deliver(form.model_copy(update={"description": "in other words"}))
    (post,) = roads.posts
    assert post.body == body(shown_form(form))


def test_what_a_later_release_adds_to_a_form_changes_nothing_of_one_that_is_under_way() -> None:
    class Later(OrderForm):
        colour: str = "green"
        size: int | None = None

    form = order()
    assert body(Later.model_validate_json(form.model_dump_json())) == body(form)


async def test_while_secrets_change_both_are_signed_with(gateway: Gateway, register: Register, roads: Receiver) -> None:
    old = await connect(register, "roads", roads.address)
    new = await register.systems.new_secret("roads", timedelta(hours=1))
    await gateway.deliver(order())
    (post,) = roads.posts
    assert verified(old, post)
    assert verified(new, post)
    assert not verified("whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==", post)
    assert len(post.headers["webhook-signature"].split(" ")) == 2


async def test_a_secret_that_has_run_out_signs_nothing(gateway: Gateway, register: Register, roads: Receiver) -> None:
    old = await connect(register, "roads", roads.address)
    new = await register.systems.new_secret("roads", timedelta(0))
    await gateway.deliver(order())
    assert not verified(old, roads.posts[0])
    assert verified(new, roads.posts[0])


async def test_nothing_is_sent_unsigned_and_a_secret_set_right_counts_at_once(
    gateway: Gateway, register: Register, roads: Receiver
) -> None:
    await register.systems.set("roads", roads.address, None, None)
    failure = await gateway.fails(order())
    assert failure.non_retryable
    assert "secret" in failure.message
    assert roads.posts == []
    await connect(register, "roads", roads.address)
    assert (await gateway.deliver(order())).taken


async def test_a_secret_that_cannot_be_used_is_not_told(gateway: Gateway, register: Register, roads: Receiver) -> None:
    await connect(register, "roads", roads.address)
    broken = "whsec_" + "é" * 5
    async with transaction(register.systems._engine) as connection:
        await connection.execute(text("UPDATE unit_secrets SET secret = :secret"), {"secret": broken})
    failure = await gateway.fails(order())
    assert failure.non_retryable
    assert "cannot be used" in failure.message
    assert "é" not in failure.message
    assert roads.posts == []
