"""The table of rights: its cells, and each act by each role through the rules of a case."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from textwrap import fill
from typing import get_args

import pytest
from typer.testing import CliRunner

from cases.commands import (
    Acknowledge,
    Act,
    Adjudicate,
    Adopt,
    Answer,
    Appeal,
    AssistAcknowledge,
    AssistAdjudicate,
    AssistProgress,
    AssistRefuse,
    AssistReport,
    Called,
    Close,
    Consult,
    Contact,
    DecideExtension,
    Designate,
    Dispatch,
    Escalate,
    FailDelivery,
    Follow,
    Hold,
    Join,
    NotDispatch,
    Progress,
    Rate,
    Reassign,
    Relay,
    Remark,
    Reopen,
    Repeat,
    Report,
    RequestExtension,
    Resume,
    RetryDelivery,
    Return,
    Review,
    Supervise,
    Supplement,
    Urge,
    Wait,
    Whistle,
    Withdraw,
)
from cases.errors import RefusalError
from cases.lifecycle import STEPS, By
from cases.limits import Budget
from cases.permission import allowed
from cases.rights import RIGHTS, ROLES, SECTIONS, Scope, scope
from cases.routing import Route
from cases.triage import Secret
from cases.vocabulary import SYSTEM, Actor, Channel, Kind, Outcome, Role, Satisfaction
from hotline import rights_sheet
from hotline.cli import app
from tests.unit.narrative import (
    DESK,
    DISTRICT,
    FULL,
    GAS,
    HAPPY,
    ROADS,
    SOLVED,
    SUPERVISOR,
    UNHAPPY,
    UNIT_OF_ROADS,
    UNIT_OF_WATER,
    WATER,
    Narrative,
    brought,
    ended,
    refused,
    reported,
    working,
)

GOLDEN = Path(__file__).with_name("rights_by_role.txt")
PAGE = Path(__file__).parents[2] / "docs" / "access.md"

AT_THE_DESK = Route(unit=None, reason="no catalogue line")
ELSEWHERE = "haidian"
EXTRA = Budget.parse("1 day")
OTHER = brought(source_ref="2").case.number

Scene = tuple[Narrative, Act]


def by_role() -> str:
    """The table the other way round: what each role may do and see, and of which cases."""
    told = []
    for role in ROLES:
        told.append(f"{role}")
        for held in Scope:
            names = [name for name, right in RIGHTS.items() if right.scopes[role] is held]
            if names and held is not Scope.NOTHING:
                told.append(fill(f"  {held}: {' '.join(names)}", width=100, subsequent_indent="    "))
    return "\n".join(told) + "\n"


def test_the_cells_are_as_they_were_agreed_on() -> None:
    assert by_role() == GOLDEN.read_text(), f"a right was changed: if it is meant, write so in {GOLDEN.name}"


def test_every_act_and_step_has_its_row() -> None:
    acts = {kind.model_fields["type"].default for kind in get_args(get_args(Act)[0])}
    of_the_service = {"confirm_delivery", "fail_delivery", "tick"}
    assert acts - of_the_service <= set(RIGHTS)
    assert set(STEPS) <= set(RIGHTS)
    rows = [right.name for _, rights in SECTIONS for right in rights]
    assert len(rows) == len(set(rows))


def test_the_page_of_access_is_current() -> None:
    page = PAGE.read_text()
    assert rights_sheet.renewed(page) == page, "renew it: .venv/bin/python docs/renew_access.py"
    for role in ROLES:
        assert f"| `{role}` |" in page
    for held in Scope:
        assert held is Scope.NOTHING or f"- `{held}`: " in page


def test_the_sheet_fits_a_terminal_and_tells_every_row() -> None:
    lines = rights_sheet.sheet(80).splitlines()
    assert max(map(len, lines)) <= 80
    assert {line.split()[0] for line in lines if line} >= set(RIGHTS)
    assert "take a complaint in" in rights_sheet.sheet(120)


def test_the_command_shows_one_role_and_knows_no_others() -> None:
    shown = CliRunner().invoke(app, ["rights", "auditor"])
    assert shown.exit_code == 0
    assert "audit " in shown.output
    assert "acknowledge" not in shown.output
    wrong = CliRunner().invoke(app, ["rights", "boss"])
    assert wrong.exit_code == 2
    assert "ROLE: there is no role 'boss'" in wrong.output
    earlier = CliRunner().invoke(app, ["rights", "unit"])
    assert earlier.exit_code == 2
    assert "see unit_lead, or unit_clerk" in earlier.output


def called() -> Narrative:
    """Roads lead for the district, and have called the water office of the same district in."""
    told = working()
    told.do(Whistle(calls=(Called(unit=WATER, copy_to=DISTRICT, task="Plans."),)))
    return told


def after(told: Narrative, *steps: tuple[Act, Actor]) -> Narrative:
    for act, actor in steps:
        told.do(act, actor)
    return told


def on_account() -> Narrative:
    return after(working(), (hold(working()), SUPERVISOR))


def hold(told: Narrative) -> Hold:
    review = told.now + timedelta(days=30)
    return Hold(plan="With the street.", owner="Li", exit="It runs.", reviews=(review,), until=review)


def given_up() -> Narrative:
    """A case that waits for a supervisor after its last round."""
    again = ((Acknowledge(), UNIT_OF_ROADS), (SOLVED, UNIT_OF_ROADS), (UNHAPPY, DESK))
    return after(reported(), (UNHAPPY, DESK), *again)


SCENES: dict[str, Callable[[], Scene]] = {
    "answer": lambda: (brought(route=AT_THE_DESK, kind=Kind.CONSULTATION), Answer(told="At nine.")),
    "not_dispatch": lambda: (brought(route=AT_THE_DESK), NotDispatch(ground=Secret(told="No."))),
    "consult": lambda: (brought(route=AT_THE_DESK), Consult(units=(GAS,), question="Yours?")),
    "dispatch": lambda: (brought(route=AT_THE_DESK), Dispatch(unit=ROADS, reason="A road.")),
    "designate": lambda: (brought(), Designate(unit=WATER, copy_to=DISTRICT, reason="A main.")),
    "reassign": lambda: (brought(), Reassign(unit=WATER, reason="A main.")),
    "adjudicate": lambda: (
        after(brought(), (Return(reason="A main."), UNIT_OF_ROADS)),
        Adjudicate(upheld=False, reason="A road."),
    ),
    "acknowledge": lambda: (brought(), Acknowledge()),
    "return": lambda: (brought(), Return(reason="A main.")),
    "contact": lambda: (working(), Contact()),
    "progress": lambda: (working(), Progress(note="Half.")),
    "report": lambda: (working(), SOLVED),
    "request_extension": lambda: (working(), RequestExtension(by=EXTRA, reason="Rain.")),
    "decide_extension": lambda: (
        after(working(), (RequestExtension(by=EXTRA, reason="Rain."), UNIT_OF_ROADS)),
        DecideExtension(granted=True),
    ),
    "wait": lambda: (working(), Wait(reason="The key.")),
    "hold": lambda: (working(), hold(working())),
    "review": lambda: (on_account(), Review(note="Seen.")),
    "resume": lambda: (on_account(), Resume(reason="It runs.")),
    "escalate": lambda: (working(), Escalate(reason="Too big.")),
    "whistle": lambda: (working(), Whistle(calls=(Called(unit=GAS, task="A valve."),))),
    "assist_acknowledge": lambda: (called(), AssistAcknowledge(assist=1)),
    "assist_refuse": lambda: (called(), AssistRefuse(assist=1, reason="Not ours.")),
    "assist_adjudicate": lambda: (
        after(called(), (AssistRefuse(assist=1, reason="Not ours."), UNIT_OF_WATER)),
        AssistAdjudicate(assist=1, upheld=False, reason="Yours."),
    ),
    "assist_progress": lambda: (called(), AssistProgress(assist=1, note="Half.")),
    "assist_report": lambda: (called(), AssistReport(assist=1, note="Here.")),
    "callback": lambda: (reported(), HAPPY),
    "withdraw": lambda: (brought(), Withdraw()),
    "supplement": lambda: (brought(), Supplement(channel=Channel.PHONE, note="More.")),
    "urge": lambda: (working(), Urge()),
    "rate": lambda: (ended(), Rate(satisfaction=Satisfaction.DISSATISFIED)),
    "reopen": lambda: (ended(), Reopen(reason="It sank.")),
    "appeal": lambda: (after(ended(), (Rate(satisfaction=Satisfaction.DISSATISFIED), DESK)), Appeal(reason="No.")),
    "supervise": lambda: (working(), Supervise(reason="The third.")),
    "close": lambda: (given_up(), Close(outcome=Outcome.UNSOLVED, reason="No budget.")),
    "join": lambda: (brought(), Join(incident=OTHER, unit=ROADS, copy_to=DISTRICT, reason="The same.")),
    "note": lambda: (brought(), Remark(text="Odd.")),
    "retry_delivery": lambda: (
        after(brought(), (FailDelivery(order=1, unit=ROADS, reason="Nobody answers."), SYSTEM)),
        RetryDelivery(key="k", unit=ROADS, about="dispatched", sequence=2),
    ),
    "adopt": lambda: (brought(), Adopt(terms=FULL.terms("general"))),
    "repeat": lambda: (brought(), Repeat(case=OTHER)),
    "follow": lambda: (brought(), Follow(case=OTHER)),
    "relay": lambda: (brought(), Relay(incident=OTHER, version=1)),
}


def somebody(name: str, role: Role, *, own: bool) -> Actor:
    """Somebody of a role, whose own the part of the scene is that the act is about, or who has no part in it."""
    unit = {By.CALLED: WATER, By.DISTRICT: DISTRICT}.get(STEPS[name].by, ROADS)
    if role is Role.DISTRICT:
        return Actor(role=role, id="key:district", unit=DISTRICT if own else ELSEWHERE)
    return Actor(role=role, id=f"key:{role}", unit=(unit if own else GAS) if role.of_unit else None)


def takes(name: str, actor: Actor) -> bool:
    told, act = SCENES[name]()
    try:
        told.do(act, actor)
    except RefusalError as refusal:
        if refusal.rule not in ("not_your_part", "not_your_order", "not_your_district"):
            raise
        return False
    return True


def test_every_step_is_tried() -> None:
    assert set(SCENES) == set(STEPS)


@pytest.mark.parametrize("role", ROLES, ids=str)
@pytest.mark.parametrize("name", SCENES)
def test_a_case_takes_each_act_from_whom_the_table_says(name: str, role: Role) -> None:
    held = scope(name, role)
    assert takes(name, somebody(name, role, own=True)) == (held is not Scope.NOTHING)
    if held in (Scope.PART, Scope.DISTRICT):
        assert not takes(name, somebody(name, role, own=False))
        assert not takes(name, Actor(role=role, id="key:nobody"))


@pytest.mark.parametrize("role", ROLES, ids=str)
@pytest.mark.parametrize("name", SCENES)
def test_what_is_offered_is_what_a_door_is_open_for(name: str, role: Role) -> None:
    told, _ = SCENES[name]()
    is_offered = scope(name, role).is_open and STEPS[name].by is not By.ENGINE
    assert (name in allowed(told.case, somebody(name, role, own=True))) == is_offered
    if scope(name, role) in (Scope.PART, Scope.DISTRICT):
        assert name not in allowed(told.case, somebody(name, role, own=False))


def test_the_service_itself_may_do_everything() -> None:
    assert all(takes(name, SYSTEM) for name in SCENES)


def test_art_12_a_district_designates_among_its_own_units_alone() -> None:
    district = somebody("designate", Role.DISTRICT, own=True)
    told = brought()
    refusal = refused(told, Designate(unit=GAS, copy_to=ELSEWHERE, reason="Theirs."), district)
    assert (refusal.rule, refusal.detail[:5]) == ("not_your_district", "unit:")
    assert told.do(Designate(unit=DISTRICT, reason="We do it."), district) == ["recalled", "dispatched"]


def test_art_12_what_came_to_the_district_goes_on_to_its_unit_from_there() -> None:
    told = brought(route=Route(unit=DISTRICT, reason="its district"))
    act = Designate(unit=ROADS, copy_to=DISTRICT, reason="Their street.")
    assert told.do(act, somebody("designate", Role.DISTRICT, own=True)) == ["recalled", "dispatched"]


def test_art_15_a_district_grants_itself_nothing() -> None:
    of_district = Actor(role=Role.UNIT_LEAD, id="key:chaoyang", unit=DISTRICT)
    district = somebody("hold", Role.DISTRICT, own=True)
    told = brought(route=Route(unit=DISTRICT, reason="its district"))
    after(told, (Acknowledge(), of_district), (RequestExtension(by=EXTRA, reason="Rain."), of_district))
    for act in (DecideExtension(granted=True), hold(told), Supervise(reason="Look.")):
        assert refused(told, act, district).rule == "not_your_district"
        assert act.type not in allowed(told.case, district)
    assert told.do(DecideExtension(granted=True), SUPERVISOR) == ["extension_decided"]


def test_art_16_a_district_that_was_called_in_does_not_decide_on_its_own_refusal() -> None:
    of_district = Actor(role=Role.UNIT_LEAD, id="key:chaoyang", unit=DISTRICT)
    told = working()
    told.do(Whistle(calls=(Called(unit=DISTRICT, task="Come."),)))
    told.do(AssistRefuse(assist=1, reason="No."), of_district)
    decision = AssistAdjudicate(assist=1, upheld=True, reason="So.")
    assert refused(told, decision, somebody("hold", Role.DISTRICT, own=True)).rule == "not_your_district"


def test_a_district_whose_unit_was_only_called_in_does_not_supervise_the_one_that_leads() -> None:
    told = working()
    told.do(Whistle(calls=(Called(unit=GAS, copy_to=ELSEWHERE, task="A valve."),)))
    elsewhere = somebody("supervise", Role.DISTRICT, own=False)
    assert ELSEWHERE in told.case.units_concerned()
    assert refused(told, Supervise(reason="Hurry."), elsewhere).rule == "not_your_district"
    assert told.do(Remark(text="Our unit comes tomorrow."), elsewhere) == ["noted"]


def test_a_clerk_is_told_whose_act_it_is() -> None:
    clerk = Actor(role=Role.UNIT_CLERK, id="key:clerk", unit=ROADS)
    refusal = refused(working(), SOLVED, clerk)
    assert refusal.rule == "not_your_part"
    assert "unit_lead" in refusal.detail


def test_a_late_report_is_the_leads_a_late_contact_also_the_clerks() -> None:
    told = ended()
    clerk = Actor(role=Role.UNIT_CLERK, id="key:clerk", unit=ROADS)
    assert {"contact", "progress"} <= set(allowed(told.case, clerk))
    assert "report" not in allowed(told.case, clerk)
    assert refused(told, Report(outcome=Outcome.SOLVED, note="Late."), clerk).rule == "report_not_now"
    assert told.do(Contact(note="Late."), clerk) == ["late_report"]


@pytest.mark.parametrize("role", [Role.EVALUATOR, Role.AUDITOR], ids=str)
def test_who_looks_on_is_offered_nothing(role: Role) -> None:
    for name in SCENES:
        told, _ = SCENES[name]()
        assert allowed(told.case, Actor(role=role, id="key:looks")) == []
