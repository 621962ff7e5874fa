"""An intake API as a real HTTP server in the test's process: takes cases by their reference, and fails to order."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from tests.serving import served

KEY = "hl_test"


class Intake:
    """What it was sent. `failures` are the status codes that it answers first, `peak` is how many came at once."""

    def __init__(self) -> None:
        self.address = ""
        self.cases: dict[str, dict[str, Any]] = {}
        self.posts = 0
        self.failures: list[int] = []
        self.delay = 0.0
        self.peak = 0
        self._under_way = 0
        self._counting = threading.Lock()
        self._app = FastAPI()
        self._app.add_api_route("/v1/cases", self._take, methods=["POST"])

    def _take(self, body: dict[str, Any], request: Request) -> JSONResponse:
        with self._counting:
            self.posts += 1
            self._under_way += 1
            self.peak = max(self.peak, self._under_way)
        time.sleep(self.delay)
        with self._counting:
            self._under_way -= 1
        if request.headers["Authorization"] != f"Bearer {KEY}":
            return _problem(401, "this key is unknown")
        if self.failures:
            return _problem(self.failures.pop(0), "not now")
        if body.get("category") == "unheard-of":
            return _problem(422, "category: there is no category 'unheard-of'")
        reference = str(body.get("source_ref") or request.headers["Idempotency-Key"])
        known = reference in self.cases
        self.cases[reference] = body
        return JSONResponse({"number": reference}, 200 if known else 201)

    @contextmanager
    def running(self) -> Iterator["Intake"]:
        """Serve for as long as the context lasts."""
        with served(self._app) as self.address:
            yield self


def _problem(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"status": status, "detail": detail}, status, media_type="application/problem+json")
