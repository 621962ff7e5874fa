"""Refusals: what the rules forbid, and why."""

from collections.abc import Sequence


class RefusalError(Exception):
    """The rules forbid a command. Nothing of it has happened.

    Args:
        rule: Stable name of the rule, for programs.
        detail: What is wrong and what to do, for people.
        source: Where the rule comes from: an article, or the policy.
        allowed: The commands that the case would accept now.
    """

    def __init__(self, rule: str, detail: str, *, source: str = "policy", allowed: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.rule = rule
        self.detail = detail
        self.source = source
        self.allowed = list(allowed)


def other_content(number: str) -> RefusalError:
    """The refusal of a complaint under a reference, and so a number, that another complaint has."""
    return RefusalError(
        "different_content",
        f"source_ref: this reference already belongs to case {number} with other content; "
        "send the same content to get that case, or use a reference of its own for a new matter",
        source="intake",
    )


class InvalidError(Exception):
    """Input that no rule can judge because a field of it is wrong.

    Args:
        field: Path of the offending field.
        detail: What is wrong and what to do.
    """

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


class UnknownCaseError(Exception):
    """There is no case of this number."""

    def __init__(self, number: str) -> None:
        super().__init__(f"there is no case {number}; check the number with whoever gave it")
        self.number = number


class UnavailableError(Exception):
    """The engine or the register is out of reach for the moment; nothing is lost, and asking again is safe."""


class NotStartedError(UnavailableError):
    """The engine answers, and does not take the start of this one case as it is; others it may take."""
