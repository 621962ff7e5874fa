"""What the API tells of itself."""

import json
import re

from fastapi import FastAPI


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
                assert {"401", "403", "503"} <= set(told["responses"]), f"{method} {path}"
                assert told["security"], path


def test_what_is_posted_has_examples_and_no_inner_parts(app: FastAPI) -> None:
    document = app.openapi()
    for path, methods in document["paths"].items():
        if body := methods.get("post", {}).get("requestBody"):
            schema = json.dumps(body["content"]["application/json"]["schema"])
            name = re.findall(r"schemas/(\w+)", schema)[0]
            form = document["components"]["schemas"][name]
            assert form["examples"], path
            assert "type" not in form["properties"], path
