"""What is said of somebody who calls again and again (Art. 9)."""

from pydantic import AwareDatetime, Field, model_validator

from api.bodies.shown import shown
from cases.vocabulary import Complainant, Reason, Value


class CallerBody(Value):
    """By what a caller is known."""

    model_config = shown({"phone": "13800001234"})

    phone: str | None = Field(None, max_length=32, description="The telephone number, however it is written.")
    email: str | None = Field(None, max_length=254, description="The address of mail.")

    @model_validator(mode="after")
    def _one_of_them(self) -> "CallerBody":
        if not (self.phone or self.email):
            raise ValueError("phone: say by which number, or by which address of mail, the caller is known")
        return self

    @property
    def complainant(self) -> Complainant:
        """The same as a complainant's contact."""
        return Complainant.model_construct(phone=self.phone, email=self.email)


class CallerMarkBody(Value):
    """Why a caller is marked, and for how long."""

    model_config = shown({"reason": "the ninth call about a matter that was explained twice, with nothing new"})

    reason: Reason = Field(description="What shows that the calls bring nothing new.")
    until: AwareDatetime | None = Field(
        None, description="When the mark lapses, a year from now at the latest; after 30 days if left out."
    )


class CallerShown(Value):
    """What there is to know of a caller. A mark shuts nobody out: an emergency is taken like any other's."""

    cases: int = Field(description="How many cases that you may see the caller raised in the last 90 days.")
    newest: tuple[str, ...] = Field(description="The numbers of the newest of them that you may see.")
    marked: bool = Field(description="Whether somebody marked the caller for calls that bring nothing new (Art. 9).")
    reason: str | None = Field(None, description="Why the caller was marked, if you may see the case.")
    marked_in: str | None = Field(None, description="The case in which that was, if you may see it.")
    until: AwareDatetime | None = Field(None, description="When the mark lapses.")
    advice: str = Field(description="What to do with the next call.")
