"""What the unit that holds an order sends, and what it is granted (Art. 12 to 15, 20)."""

from api.bodies.shown import shown
from cases.commands import (
    Acknowledge,
    Contact,
    DecideExtension,
    Escalate,
    Hold,
    Progress,
    Report,
    RequestExtension,
    Resume,
    Return,
    Review,
    Wait,
)


class AcknowledgeBody(Acknowledge):
    """The unit signs for its order."""

    model_config = shown({"note": "taken by team 3"})


class ReturnBody(Return):
    """The unit gives its order back."""

    model_config = shown(
        {
            "reason": "this road belongs to the water authority",
            "evidence": "register of roads, sheet 12",
            "proposed": "water-authority",
        },
        proposed="Whose it is in your view: one of GET /v1/units.",
    )


class ContactBody(Contact):
    """The unit has spoken with the complainant."""

    model_config = shown({"note": "called at ten, she will be in at noon"})


class ProgressBody(Progress):
    """An interim reply to the complainant."""

    model_config = shown({"note": "the part is ordered and comes on Friday"})


class ReportBody(Report):
    """The unit's result."""

    model_config = shown(
        {"outcome": "solved", "note": "the site keeps the quiet hours since today"},
        {
            "outcome": "explained",
            "note": "the noise is below the limit",
            "missing_reason": "the ecology bureau's measurement is public",
        },
        note="What was done, or why it cannot be; the complainant is told.",
        missing_reason="Why you report although a unit that you called in has not.",
    )


class ExtensionBody(RequestExtension):
    """The unit asks for more time."""

    model_config = shown(
        {"by": "5 days", "reason": "the part comes from abroad"}, by="How much more, like `5 days` or `48 hours`."
    )


class ExtensionDecisionBody(DecideExtension):
    """A supervisor's decision on a request for more time."""

    model_config = shown(
        {"granted": True, "by": "3 days", "reason": "without the weekend"},
        {"granted": False, "reason": "the part is in stock"},
        by="How much is granted, at most what was asked for; all of it if left out.",
    )


class WaitBody(Wait):
    """What the handling waits for."""

    model_config = shown({"reason": "only the complainant can open the flat; she is back on Monday"})


class HoldBody(Hold):
    """A long matter goes on account."""

    model_config = shown(
        {
            "plan": "the sewer is renewed with the street, in spring",
            "owner": "Deputy director Li",
            "exit": "the sewer is in use",
            "reviews": ["2027-01-15T09:00:00+08:00", "2027-03-15T09:00:00+08:00"],
            "until": "2027-04-30T18:00:00+08:00",
        },
        owner="Who answers for the plan.",
        exit="What must be true for it to come off the account.",
        reviews="When it is looked at again: in order, the last one not after `until`.",
        until="When it comes off the account by itself, at the latest.",
    )


class ReviewBody(Review):
    """What a review found."""

    model_config = shown({"note": "the street's plan was approved on the second"})


class ResumeBody(Resume):
    """Why the handling goes on."""

    model_config = shown({"reason": "the complainant has sent the photograph"})


class EscalateBody(Escalate):
    """The unit asks for help from above."""

    model_config = shown(
        {"reason": "the owner of the pipe is a company of the city", "to": "water-authority"},
        to="The unit that is asked; the district that supervises the order, else a supervisor, if left out.",
    )
