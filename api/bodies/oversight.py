"""What the hotline and its supervisors send about a running case."""

from api.bodies.shown import shown
from cases.commands import Close, Remark, Supervise
from cases.vocabulary import Reference, Value


class SuperviseBody(Supervise):
    """Why a case is put under supervision."""

    model_config = shown({"reason": "the third complaint about this site in a week"})


class CloseBody(Close):
    """How a supervisor ends a case."""

    model_config = shown({"outcome": "unsolved", "reason": "two rounds; the law leaves it to the court"})


class NoteBody(Remark):
    """Something worth keeping."""

    attachment: None = None
    model_config = shown({"text": "the complainant prefers calls after six"})


class RetryDeliveryBody(Value):
    """What is to be delivered again."""

    model_config = shown(
        {"key": "YZV0-RSFK-BP0G-3.9d1f0c22ab41.order.water-group"},
        key="Of a delivery that is stuck: see GET /v1/deliveries.",
    )

    key: Reference
