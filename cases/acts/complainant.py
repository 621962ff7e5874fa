"""What the complainant wants or says, whoever takes it down (Art. 8, 23)."""

from typing import Literal

from pydantic import model_validator

from cases.attachment import Attachment
from cases.vocabulary import Channel, Note, Reason, Satisfaction, Value


class CallBack(Value):
    """The complainant was asked, or could not be reached (回访, Art. 23).

    Whether a unit had been in contact, whether the matter is solved and how satisfied the complainant is are three
    answers, kept apart.
    """

    type: Literal["callback"] = "callback"
    reached: bool
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: Satisfaction | None = None
    note: Note = ""

    @model_validator(mode="after")
    def _answers_fit(self) -> "CallBack":
        answers = {"contacted": self.contacted, "solved": self.solved, "satisfaction": self.satisfaction}
        if self.reached and self.solved is None:
            raise ValueError("solved: a complainant who was reached must have said whether the matter is solved")
        if not self.reached and (given := [name for name, answer in answers.items() if answer is not None]):
            raise ValueError(f"{given[0]}: there is no answer from a complainant who was not reached; leave it out")
        return self


class Withdraw(Value):
    """The complainant takes the complaint back."""

    type: Literal["withdraw"] = "withdraw"
    reason: Note = ""


class Supplement(Value):
    """The complainant was in contact by any channel, with something new or with what the handling waited for."""

    type: Literal["supplement"] = "supplement"
    channel: Channel
    note: Reason
    attachment: Attachment | None = None


class Urge(Value):
    """The complainant asks where it stays (催办)."""

    type: Literal["urge"] = "urge"
    note: Note = ""


class Rate(Value):
    """The complainant rates a case that has ended (Art. 8)."""

    type: Literal["rate"] = "rate"
    satisfaction: Satisfaction
    note: Note = ""


class Reopen(Value):
    """The complainant says that a case that has ended is not done."""

    type: Literal["reopen"] = "reopen"
    reason: Reason


class Appeal(Value):
    """The complainant wants another reviewer to look at a case that has ended."""

    type: Literal["appeal"] = "appeal"
    reason: Reason
