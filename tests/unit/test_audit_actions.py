"""What can be asked of the audit trail is what the code writes into it, and what docs/audit.md explains."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cases.errors import InvalidError
from records.audit_actions import ACTIONS, BESIDES, CHANGES, check_action, check_actor

ROOT = Path(__file__).parents[2]
WRITERS = {"note": 1, "write": 2, "_note": 2, "begin": 2}
PAGE = (ROOT / "docs/audit.md").read_text()


def written() -> Iterator[tuple[str, str]]:
    """Every action that stands in a call which enters something into the trail, with the file of the call."""
    for folder in ("records", "activities", "workflows", "api", "hotline"):
        for module in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(module.read_text())
            named = {
                name.id: value.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign)
                for target in node.targets
                for name, value in pairs(target, node.value)
            }
            for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
                for argument in call.args[:3] if is_entry(call) else ():
                    if isinstance(argument, ast.Constant) and re.fullmatch(r"[a-z_]+", str(argument.value)):
                        yield str(argument.value), str(module.relative_to(ROOT))
                    elif isinstance(argument, ast.Name) and argument.id.lstrip("_").isupper() and argument.id in named:
                        yield str(named[argument.id]), str(module.relative_to(ROOT))


def pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.Name, ast.Constant]]:
    """The names that an assignment gives to constants, also several at once."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts, strict=True):
            yield from pairs(one, other)
    elif isinstance(target, ast.Name) and isinstance(value, ast.Constant):
        yield target, value


def is_entry(call: ast.Call) -> bool:
    """Whether a call is one that makes an entry of the trail."""
    called = ast.unparse(call.func)
    return called.endswith(("audit.note", "audit.write", "self.note")) or called in ("write", "_note", "_enter")


def test_every_action_that_the_code_writes_may_be_asked_for() -> None:
    found = dict(written())
    assert {"reveal", "vault_turned", "hold_placed", "policy_loaded", "key_rotated", "trail_read"} <= set(found)
    assert {action: file for action, file in found.items() if action not in ACTIONS} == {}


def test_the_page_explains_every_action_and_no_other() -> None:
    table = PAGE.split("| action | is |")[1].split("\n\n")[0]
    explained = {
        name for line in table.splitlines() if "|" in line for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert explained == BESIDES


def test_a_change_is_called_as_its_event_and_nothing_else_is() -> None:
    assert {"received", "dispatched", "closed"} <= CHANGES
    assert not BESIDES & CHANGES


def test_what_there_is_may_be_asked_for() -> None:
    assert check_action("dispatched") == "dispatched"
    assert check_action("erased") == "erased"
    for actor in ("key:1a2b3c4d", "person:9b0f6c1e2d4a7385", "local:root", "callback", "system"):
        assert check_actor(actor) == actor


def test_what_there_is_not_is_refused_and_what_was_meant_is_named() -> None:
    with pytest.raises(InvalidError, match="did you mean dispatched") as refused:
        check_action("dispatch")
    assert refused.value.field == "action"
    with pytest.raises(InvalidError, match="hold_placed") as unlike:
        check_action("foo", "--action")
    assert "did you mean" not in str(unlike.value)
    with pytest.raises(InvalidError, match="key:1a2b3c4d") as nobody:
        check_actor("1a2b3c4d")
    assert nobody.value.field == "actor"
