"""What the complainant says and wants, as it is taken down (Art. 8, 23)."""

from api.bodies.shown import shown
from cases.commands import Appeal, CallBack, Rate, Reopen, Supplement, Urge, Withdraw


class CallBackBody(CallBack):
    """The complainant's answers, or that nobody was reached."""

    model_config = shown(
        {"reached": True, "contacted": True, "solved": True, "satisfaction": "satisfied"},
        {"reached": False, "note": "no answer at noon"},
        contacted="Whether a unit had been in contact, in the complainant's words.",
        solved="Whether it is solved, in the complainant's words; needed where he was reached.",
    )


class WithdrawBody(Withdraw):
    """The complainant takes the complaint back."""

    model_config = shown({"reason": "it has stopped by itself"})


class SupplementBody(Supplement):
    """Something new from the complainant."""

    attachment: None = None
    model_config = shown({"channel": "wechat", "note": "a photograph of the gate, with the date"})


class UrgeBody(Urge):
    """The complainant asks where it stays."""

    model_config = shown({"note": "third call this week"})


class RateBody(Rate):
    """The complainant's rating."""

    model_config = shown({"satisfaction": "basically_satisfied", "note": "it took long"})


class ReopenBody(Reopen):
    """Why it is not done."""

    model_config = shown({"reason": "the noise is back since Tuesday"})


class AppealBody(Appeal):
    """Why another reviewer should look at it."""

    model_config = shown({"reason": "the answer does not speak of the second matter"})
