"""The service that one command runs takes up what the release before left open, whatever that one was called."""

from pathlib import Path

import pytest

from cases import number as case_number
from hotline.demonstration import conduct
from hotline.demonstration.conduct import Manner
from tests.service.test_up import City, complaint

pytestmark = pytest.mark.timeout(300)

STARTS = [("", ""), ("city", "1"), ("city", "2"), ("", "")]
"""Deployment and build of each: workers without a version, of one, of the next, and without one as before."""


def silent(turn: int) -> str:
    """The reference of a case of which its unit does nothing, so that it stays open."""
    references = (f"turn-{turn}-{count}" for count in range(1000))
    return next(one for one in references if conduct.manner(case_number.derive("counter", one), 1) is Manner.SILENT)


def test_every_start_works_on_what_those_before_left(tmp_path: Path) -> None:
    city = City(tmp_path / "state")
    numbers: list[str] = []
    for turn, (deployment, build) in enumerate(STARTS):
        city.environment |= {"HOTLINE_DEPLOYMENT": deployment, "HOTLINE_BUILD_ID": build}
        with city.up():
            begun = city.request("POST", "/v1/cases", json=complaint() | {"source_ref": silent(turn)})
            assert begun.status_code == 201, begun.text
            numbers.append(begun.json()["number"])
            for number in numbers:
                note = {"channel": "phone", "note": f"Still dry, says the caller for the {turn + 1}. time."}
                told = city.request("POST", f"/v1/cases/{number}/supplement", json=note)
                assert told.is_success, told.text
                facts = [event["fact"]["type"] for event in city.happened(number)]
                assert facts.count("supplemented") == turn + 1 - numbers.index(number)
