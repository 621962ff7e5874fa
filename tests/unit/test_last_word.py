"""What a history says last of a delivery counts."""

from cases.commands import ConfirmDelivery, FailDelivery
from cases.owed import owed, seen_to
from tests.records.histories import begun, delivery_given_up, delivery_of, delivery_told


def test_the_last_word_on_a_delivery_counts() -> None:
    life = begun("words")
    (form,) = [one for one in owed(life)[0] if one.about == "dispatched"]
    assert form.key not in seen_to(life)
    given_up = delivery_given_up(life)
    assert form.key in seen_to(given_up)
    late = delivery_told(life, FailDelivery(**delivery_of(form), reason="no answer", final=False))
    assert form.key not in seen_to(late)
    assert form.key in seen_to(delivery_told(late, ConfirmDelivery(**delivery_of(form))))
