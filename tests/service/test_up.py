"""The whole service by its one command: started, used, stopped, and found as it was."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cases import number as case_number
from hotline.demonstration import conduct
from hotline.demonstration.conduct import Manner
from hotline.demonstration.keys import DemoKeys
from tests.service.free import ports

SPEED = "900"
"""At which an acknowledgment that has two hours has eight seconds."""

pytestmark = pytest.mark.timeout(300)


class City:
    """A service in a folder of its own, on ports of its own."""

    def __init__(self, state: Path) -> None:
        api, temporal, temporal_ui, units = ports(4)
        self.state = state
        self.output = state.parent / "output.txt"
        self.address = f"http://127.0.0.1:{api}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("HOTLINE_", "TEMPORAL_"))},
            "HOTLINE_STATE": str(state),
            "HOTLINE_API_PORT": str(api),
            "HOTLINE_TEMPORAL_PORT": str(temporal),
            "HOTLINE_TEMPORAL_UI_PORT": str(temporal_ui),
            "HOTLINE_UNITS_PORT": str(units),
            "HOTLINE_DEMO_SPEED": SPEED,
        }

    @contextmanager
    def up(self) -> Iterator["City"]:
        """The service, once it has said that it is up; it must stop cleanly at the end."""
        with self.output.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "hotline", "up", "--demo"],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self.wait(lambda: "hotline is up" in self.said() or process.poll() is not None, patience=120)
            assert process.poll() is None, self.said()
            yield self
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0, self.said()
            assert self.said().endswith("hotline: stopped\n")
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(60)

    def hotline(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another command beside it."""
        command = [sys.executable, "-m", "hotline", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request with the key of intake."""
        keys = DemoKeys.model_validate_json((self.state / "demo-keys.json").read_text())
        headers = {"Authorization": f"Bearer {keys.intake}"}
        return httpx.request(method, f"{self.address}{path}", headers=headers, timeout=30, **more)

    def happened(self, number: str) -> list[dict[str, Any]]:
        """Everything that has happened to a case."""
        items: list[dict[str, Any]] = self.request("GET", f"/v1/cases/{number}/events").json()["items"]
        return items

    def said(self) -> str:
        """What the service has shown on its terminal."""
        return self.output.read_text()

    def wait(self, fact: Callable[[], bool], patience: float = 60) -> None:
        """Wait for something."""
        until = time.monotonic() + patience
        while not fact():
            assert time.monotonic() < until, self.said()
            time.sleep(0.2)


def complaint() -> dict[str, Any]:
    """One that meets a prompt unit."""
    references = (f"up-{count}" for count in range(1000))
    prompt = next(one for one in references if conduct.manner(case_number.derive("counter", one), 1) is Manner.PROMPT)
    return {
        "source": "counter",
        "source_ref": prompt,
        "channel": "counter",
        "kind": "complaint",
        "category": "utilities/water-outage",
        "description": "早上六点起全楼停水。",
    }


def test_a_case_is_handled_by_the_city_and_outlives_a_restart(tmp_path: Path) -> None:
    city = City(tmp_path / "state")
    with city.up():
        assert city.address in city.said()
        assert city.hotline("up").stderr.startswith("hotline: a service runs on the state folder")
        listed = city.hotline("case", "list", "--json")
        assert listed.returncode == 0, listed.stderr
        posted = city.request("POST", "/v1/cases", json=complaint())
        assert posted.status_code == 201, posted.text
        number = posted.json()["number"]
        city.wait(lambda: any(event["fact"]["type"] == "acknowledged" for event in city.happened(number)))
        assert city.hotline("case", "show", number).stdout.startswith("Case")
        before = city.happened(number)
    with city.up():
        assert city.happened(number)[: len(before)] == before
        again = city.request("POST", "/v1/cases", json=complaint())
        assert (again.status_code, again.json()["number"]) == (200, number)
    assert not (tmp_path / "state" / "service.json").exists()
