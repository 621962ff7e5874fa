"""Who sees what of whoever brought a case, by role, part and wish; and what leaves the service of it (Art. 8, 28)."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cases
from cases.case import Case
from cases.commands import Acknowledge, AssistReport, Called, Consult, Dispatch, Reassign, Supplement, Whistle
from cases.decide import decide
from cases.disclosure import (
    WHY,
    ContactShown,
    Sight,
    hidden_contact,
    masked_contact,
    open_contact,
    shown,
    shown_form,
    shown_notice,
    sight,
)
from cases.events import Event
from cases.evolve import fold
from cases.masking import WITHHELD, masked_email, masked_name, masked_phone
from cases.order_form import OrderForm
from cases.owed import owed
from cases.routing import Route
from cases.sealed import ERASED, UNREADABLE
from cases.texts import TEXTS
from cases.vocabulary import Actor, Channel, Complainant, Complaint, Kind, Location, Role, Value
from tests.unit.narrative import DESK, DISTRICT, FULL, GAS, NOON, ROADS, WATER, Narrative, received
from vault.sealing import _personal

PAGE = Path(__file__).parents[2] / "docs" / "privacy.md"

NAME, PHONE, EMAIL = "欧阳建国", "+86 138 0013 8000", "ouyang.jg@example.org"
PERSON = Complainant(name=NAME, phone=PHONE, email=EMAIL, language="zh")
SAID = f"我是{NAME}，电话 138-0013-8000，邮箱 {EMAIL}，建国路 138 号门前有坑。"
SECRETS = (NAME, "138-0013-8000", "138 0013 8000", "13800138000", EMAIL, "建国路 138 号", "门前有坑")

WATERS_DISTRICT = "haidian"
UNIT_OF_HELP = "police"
HEATING = "heating"

CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "confidential": {"confidential": True},
    "report of another one": {"kind": Kind.REPORT, "accused": ("forestry",)},
    "report of nobody named": {"kind": Kind.REPORT},
}

UNITS = {
    "holds the order": ROADS,
    "was called in, and has still to report": GAS,
    "was called in, and has reported": HEATING,
    "held the order before": WATER,
    "supervises the unit that holds it": DISTRICT,
    "was asked": UNIT_OF_HELP,
    "has no part": "parks",
}

DISTRICTS = {
    "supervises the unit that holds it": DISTRICT,
    "supervised a unit that held it before": WATERS_DISTRICT,
    "has no part": "fengtai",
}


def told(accused: tuple[str, ...] = (), kind: Kind = Kind.COMPLAINT, *, confidential: bool = False) -> Narrative:
    """A case that water held before, that roads holds now, with gas called in, and about which the police was asked."""
    command = received(Route(unit=None, reason="unknown"), FULL)
    complaint = command.act.complaint.model_copy(  # type: ignore[union-attr]
        update={
            "complainant": PERSON,
            "subject": f"{NAME}的诉求",
            "description": SAID,
            "location": Location(area="chaoyang", address="建国路 138 号", latitude=39.9, longitude=116.4),
            "accused": accused,
            "kind": kind,
            "confidential": confidential,
        }
    )
    story = Narrative(policy=FULL)
    act = command.act.model_copy(update={"complaint": complaint})
    story.events = decide(None, command.model_copy(update={"act": act}), NOON)
    story.do(Consult(units=(UNIT_OF_HELP,), question=f"{NAME}的事归谁管？"), DESK)
    story.do(Dispatch(unit=WATER, copy_to=WATERS_DISTRICT, reason="to begin with"), DESK)
    story.do(Reassign(unit=ROADS, copy_to=DISTRICT, reason=f"{NAME}来电说归路政"), DESK)
    story.do(Acknowledge())
    story.do(Whistle(calls=(Called(unit=GAS, task=f"联系{NAME}"), Called(unit=HEATING, task="check"))))
    story.do(AssistReport(assist=2, note="done"), actor(Role.UNIT_LEAD, HEATING))
    story.do(Supplement(channel=Channel.PHONE, note=f"{NAME}：请打 138 0013 8000"), DESK)
    return story


def actor(role: Role, unit: str | None = None) -> Actor:
    return Actor(role=role, id="key:test", unit=unit)


def written(seen: Sight) -> str:
    if not seen.texts:
        return "hidden, and the texts"
    return f"{seen.contact}{', may reveal' if seen.may_reveal else ''}"


OF_THIS_ONE = "report of this one"

PARTS: tuple[tuple[tuple[Role, ...], dict[str, str | None]], ...] = (
    ((Role.INTAKE, Role.DESK, Role.SUPERVISOR, Role.AUDITOR), {"any": None}),
    ((Role.EVALUATOR, Role.ADMIN), {"any": None}),
    ((Role.DISTRICT,), dict(DISTRICTS)),
    ((Role.UNIT_CLERK, Role.UNIT_LEAD), dict(UNITS)),
)


def line(role: Role, code: str | None) -> list[str]:
    """What somebody sees of each sort of case."""
    who = actor(role, code)
    seen = [written(sight(who, told(**sort).case)) for sort in CASES.values()]
    if code is None:
        return [*seen, "does not happen"]
    return [*seen, written(sight(who, told(kind=Kind.REPORT, accused=(code,)).case))]


def rows() -> Iterator[tuple[str, str, list[str]]]:
    """Every line of the table: who, which part they have, and what they see of each sort of case."""
    for roles, parts in PARTS:
        for part, code in parts.items():
            (seen,) = {tuple(line(role, code)) for role in roles}
            yield ", ".join(roles), part, list(seen)


def table() -> list[str]:
    head = ["role", "part in the case", *CASES, OF_THIS_ONE]
    lines = [head, ["---"] * len(head), *([roles, part, *cells] for roles, part, cells in rows())]
    return [f"| {' | '.join(one)} |" for one in lines]


def test_every_role_but_the_service_itself_has_its_line() -> None:
    assert {role for roles, _ in PARTS for role in roles} == set(Role) - {Role.SYSTEM}


def test_art_8_28_the_page_says_who_sees_whom_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8").splitlines()
    begin = page.index(table()[0])
    assert page[begin : begin + len(table())] == table()
    assert not page[begin + len(table())].startswith("|")


HIDDEN: tuple[tuple[Role, str | None, dict[str, Any], str], ...] = (
    (Role.EVALUATOR, None, {}, "role"),
    (Role.ADMIN, None, {}, "role"),
    (Role.UNIT_LEAD, ROADS, {"confidential": True}, "confidential"),
    (Role.UNIT_LEAD, ROADS, {"kind": Kind.REPORT}, "report"),
    (Role.UNIT_CLERK, ROADS, {"kind": Kind.REPORT, "accused": (ROADS,)}, "report"),
    (Role.UNIT_CLERK, WATER, {}, "no_part"),
    (Role.UNIT_LEAD, DISTRICT, {}, "no_part"),
    (Role.UNIT_LEAD, UNIT_OF_HELP, {}, "no_part"),
    (Role.DISTRICT, DISTRICT, {"confidential": True}, "confidential"),
    (Role.DISTRICT, DISTRICT, {"kind": Kind.REPORT, "accused": (DISTRICT,)}, "report"),
    (Role.DISTRICT, WATERS_DISTRICT, {}, "no_part"),
)


@pytest.mark.parametrize(("role", "unit", "sort", "bar"), HIDDEN)
def test_whoever_may_not_reveal_sees_no_contact_and_is_told_why(
    role: Role, unit: str | None, sort: dict[str, Any], bar: str
) -> None:
    seen = sight(actor(role, unit), told(**sort).case)
    assert (seen.contact, seen.may_reveal, seen.bar) == ("hidden", False, bar)
    assert WHY[seen.bar]


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("张三", "张**"),
        ("张三丰", "张**"),
        ("欧阳建国", "欧阳**"),
        ("欧阳", "欧**"),
        ("John Smith", "J*** S***"),
        ("John Paul Maria Smith", "J*** S***"),
        ("Ann", "A***"),
        ("测试 Test", "测**"),
        ("42", "***"),
        (ERASED, ERASED),
        (UNREADABLE, UNREADABLE),
        ("", ""),
        (None, None),
    ],
)
def test_a_name_keeps_its_surname_or_initials(name: str | None, mask: str | None) -> None:
    assert masked_name(name) == mask


@pytest.mark.parametrize(
    ("phone", "mask"),
    [
        ("13812345678", "138****5678"),
        ("+86 138-1234-5678", "138****5678"),
        ("0086 138 1234 5678", "138****5678"),
        ("010-12345678", "****5678"),
        ("+44 20 7946 0958", "****0958"),
        ("12345", "****"),
        (ERASED, ERASED),
        (None, None),
    ],
)
def test_a_number_keeps_its_beginning_and_end_at_most(phone: str | None, mask: str | None) -> None:
    assert masked_phone(phone) == mask


def test_a_mail_keeps_its_first_letter_and_its_domain() -> None:
    assert masked_email("zhang.san@example.org") == "z***@example.org"
    assert masked_email("z@example.org") == "z***@example.org"


def test_contacts_say_whether_they_are_masked() -> None:
    assert masked_contact(PERSON) == ContactShown(
        name="欧阳**", phone="138****8000", email="o***@example.org", language="zh", masked=True
    )
    assert hidden_contact() == ContactShown(masked=True)
    assert open_contact(PERSON).model_dump(exclude={"masked"}) == PERSON.model_dump()


def everything(story: Narrative, role: Role, unit: str | None = None) -> tuple[Case, list[Event]]:
    """The case and its events, as somebody sees them."""
    seen = sight(actor(role, unit), story.case)
    return shown(story.case, seen, PERSON), shown(story.events, seen, PERSON)


@pytest.mark.parametrize("role", [Role.INTAKE, Role.DESK, Role.SUPERVISOR, Role.AUDITOR])
def test_even_the_hotline_sees_masks_at_first(role: Role) -> None:
    case, events = everything(told(), role)
    for text in (case.model_dump_json(), *(event.model_dump_json() for event in events)):
        assert not [secret for secret in SECRETS[:5] if secret in text]
    assert case.complaint.complainant.phone == "138****8000"
    assert "建国路 138 号门前有坑" in case.complaint.description


def test_whoever_sees_no_contact_sees_none_in_texts_either() -> None:
    case, events = everything(told(confidential=True), Role.UNIT_LEAD, ROADS)
    assert case.complaint.complainant == Complainant()
    assert not [one for one in SECRETS[:5] if one in case.model_dump_json() + "".join(map(repr, events))]


def test_an_accused_unit_reads_nothing_of_what_was_said() -> None:
    case, events = everything(told(kind=Kind.REPORT, accused=(ROADS,)), Role.UNIT_LEAD, ROADS)
    everything_told = case.model_dump_json() + "".join(event.model_dump_json() for event in events)
    assert not [one for one in SECRETS if one in everything_told]
    assert "来电" not in everything_told
    assert (case.complaint.subject, case.complaint.description) == (WITHHELD, WITHHELD)
    assert case.complaint.location == Location(area="chaoyang")


def test_codes_and_figures_stay_as_they_are() -> None:
    story = told()
    case, events = everything(story, Role.DESK)
    assert case.terms == story.case.terms
    assert [one.fact.type for one in events] == [one.fact.type for one in story.events]
    assert fold(events).model_copy(update={"complaint": case.complaint}).status is story.case.status
    assert (case.number, case.commands, case.marks) == (story.case.number, story.case.commands, story.case.marks)


def test_where_people_acted_from_is_for_oversight() -> None:
    story = told()
    event = story.events[-1]
    assert event.cause is not None
    at = event.model_copy(update={"cause": event.cause.model_copy(update={"origin": "203.0.113.7"})})
    for role, unit, seen in ((Role.AUDITOR, None, True), (Role.UNIT_LEAD, ROADS, False), (Role.DESK, None, False)):
        (told_,) = shown([at], sight(actor(role, unit), story.case), PERSON)
        assert ("203.0.113.7" in told_.model_dump_json()) is seen


def forms(story: Narrative) -> dict[tuple[str, str], OrderForm]:
    orders, _ = owed(story.events)
    return {(form.about, form.unit): form for form in orders}


def test_a_form_goes_out_with_the_contact_masked_and_the_texts_scrubbed() -> None:
    for (about, unit), form in forms(told()).items():
        out = shown_form(form)
        assert not [one for one in SECRETS[:5] if one in out.model_dump_json()], about
        assert "withheld" not in out.model_dump_json()
        assert out.key == form.key
        handles = (about, unit) in {
            ("dispatched", ROADS),
            ("dispatched", WATER),
            ("assist", GAS),
            ("assist", HEATING),
            ("assist_reported", ROADS),
            ("supplemented", ROADS),
        }
        assert (out.complainant == masked_contact(PERSON)) is handles, (about, unit)


def test_a_form_is_the_same_again_after_it_was_written_down() -> None:
    for form in forms(told()).values():
        again = OrderForm.model_validate_json(form.model_dump_json())
        assert shown_form(again).model_dump_json(exclude_unset=True) == shown_form(
            OrderForm.model_validate(again.model_dump(mode="json"))
        ).model_dump_json(exclude_unset=True)
        out = shown_form(again)
        assert OrderForm.model_validate_json(out.model_dump_json()) == out


@pytest.mark.parametrize("sort", [{"confidential": True}, {"kind": Kind.REPORT}])
def test_art_8_28_a_hidden_complainant_is_in_no_form(sort: dict[str, Any]) -> None:
    for form in forms(told(**sort)).values():
        assert form.complainant is None
        out = shown_form(form).model_dump_json()
        assert not [one for one in SECRETS[:5] if one in out]
        assert "门前有坑" in out


def test_a_form_to_an_accused_unit_withholds_every_text() -> None:
    found = forms(told(kind=Kind.REPORT, accused=(ROADS,)))
    for (_, unit), form in found.items():
        assert ("门前有坑" in form.description) is (unit != ROADS)
    mine = [form.model_dump_json() for (_, unit), form in found.items() if unit == ROADS]
    assert mine
    assert not [one for text in mine for one in SECRETS if one in text]


def test_a_notice_tells_the_complainant_alone_who_they_are() -> None:
    story = told()
    _, notices = owed(story.events)
    theirs = [one for one in notices if one.to == "complainant"]
    others = [shown_notice(one) for one in notices if one.to != "complainant"]
    assert theirs
    assert others
    assert all(shown_notice(one).complainant == PERSON for one in theirs)
    assert NAME in f"{shown_notice(theirs[0]).subject}"
    assert not [secret for one in others for secret in SECRETS[:5] if secret in one.model_dump_json()]
    assert not [one for one in (*others, *map(shown_notice, theirs)) if "withheld" in one.model_dump_json()]


def test_a_notice_to_an_accused_unit_withholds_every_text() -> None:
    story = told(kind=Kind.REPORT, accused=(DISTRICT,))
    _, notices = owed(story.events)
    mine = [one for one in notices if one.to == f"unit:{DISTRICT}"]
    assert mine
    assert not [secret for one in mine for secret in SECRETS if secret in shown_notice(one).model_dump_json()]


def test_every_field_that_is_sealed_counts_as_a_text() -> None:
    for module in pkgutil.walk_packages(cases.__path__, "cases."):
        importlib.import_module(module.name)
    marked = {name for kind in _below(Value) for name in _personal(kind)}
    assert marked - TEXTS == {"name", "phone", "email", "point"}, "the contact, the place, and what files are called"


def _below(kind: type[Value]) -> Iterator[type[Value]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def test_what_is_asked_of_a_case_describes_its_limits_and_what_is_told_does_not() -> None:
    asked = Complaint.model_json_schema(mode="validation")["$defs"]["Complainant"]["properties"]["phone"]
    answered = Complaint.model_json_schema(mode="serialization")["$defs"]["Complainant"]["properties"]["phone"]
    assert "pattern" in str(asked)
    assert "pattern" not in str(answered)
