"""What the API tells of itself."""

import json
import re
from typing import Any, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from api.access import SIGNED, UNIT_ACTS
from api.routes import assisting, cases, complainant, dispatching, handling, oversight
from cases.lifecycle import STEPS, By

SIDES = (dispatching, handling, assisting, complainant, oversight)


def people_take() -> list[str]:
    return sorted(name for name, step in STEPS.items() if step.by is not By.ENGINE)


def test_the_description_is_whole(app: FastAPI) -> None:
    document = app.openapi()
    schemas = document["components"]["schemas"]
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert referred <= set(schemas)
    assert {"Problem", "FieldError"} <= referred
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            assert told["summary"], path
            assert told["description"], path
            assert told["tags"], path
            problems = [one for status, one in told["responses"].items() if status >= "400"]
            assert all("application/problem+json" in one["content"] for one in problems), f"{method} {path}"
            if path.startswith("/v1"):
                refused = {"401", "503"} if f"{method.upper()} {path}" in SIGNED else {"401", "403", "503"}
                assert refused <= set(told["responses"]), f"{method} {path}"
                assert told["security"], path


def test_what_is_posted_has_examples_and_no_inner_parts(app: FastAPI) -> None:
    document = app.openapi()
    for path, methods in document["paths"].items():
        if body := (methods.get("post") or methods.get("put") or {}).get("requestBody"):
            if (content := body["content"].get("application/json")) is None:
                continue
            names = re.findall(r"schemas/(\w+)\"", json.dumps(content["schema"]))
            forms = [document["components"]["schemas"][name] for name in names]
            assert "examples" in content or all(form["examples"] for form in forms), path
            # A callback has no address that says which act it is.
            inner = {"copy_to"} if f"POST {path}" in SIGNED else {"type", "copy_to"}
            assert not any(inner & set(form["properties"]) for form in forms), path


def test_examples_are_what_the_steps_take(app: FastAPI) -> None:
    checked = 0
    for route in (route for side in (cases, *SIDES) for route in side.router.routes):
        if isinstance(route, APIRoute) and route.body_field is not None:
            form: TypeAdapter[Any] = TypeAdapter(cast(Any, route.body_field.field_info.annotation))
            document = app.openapi()["paths"][route.path]["post"]["requestBody"]["content"]["application/json"]
            given = [one["value"] for one in document.get("examples", {}).values()]
            given += form.json_schema().get("examples", [])
            assert given, route.path
            for example in given:
                assert form.validate_python(example), route.path
            checked += 1
    assert checked == 1 + len(people_take())


def test_every_step_that_people_take_has_one_address_called_as_refusals_call_it(app: FastAPI) -> None:
    called = [
        told["operationId"]
        for path, methods in app.openapi()["paths"].items()
        for method, told in methods.items()
        if method == "post" and path.startswith("/v1/cases/{number}/")
    ]
    assert sorted(one for one in called if one in people_take()) == people_take()


def test_every_step_says_what_it_is_called_in_chinese(app: FastAPI) -> None:
    for path, methods in app.openapi()["paths"].items():
        if methods.get("post", {}).get("operationId") in people_take():
            assert re.search(r"\([\u4e00-\u9fff /]+\)$", methods["post"]["summary"]), path


def test_a_callback_names_the_acts_that_a_units_key_may_ask_for(app: FastAPI) -> None:
    acts = app.openapi()["components"]["schemas"]["CallbackBody"]["properties"]["type"]["enum"]
    assert acts == list(UNIT_ACTS)
    assert {"acknowledge", "return", "contact", "report", "request_extension", "assist_report", "note"} <= set(acts)
    assert not {"dispatch", "hold", "decide_extension", "callback", "retry_delivery"} & set(acts)
