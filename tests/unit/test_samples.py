"""The demonstration's own complaints: sixty that the default policy can take, of every sort."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from importlib import resources

import pytest

from cases.routing import Catalogue
from cases.vocabulary import Channel, Complaint, Kind
from hotline.policies import City, load

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LINES = (resources.files("hotline") / "demonstration/complaints.jsonl").read_text("utf-8").splitlines()
SAMPLES = [Complaint.model_validate({**json.loads(line), "received_at": NOW}) for line in LINES]

FICTITIOUS = re.compile(r"010-5550-01\d\d|1380000\d{4}")


@pytest.fixture(scope="module")
def city() -> City:
    """The default city."""
    return load("beijing")


@pytest.fixture(scope="module")
def catalogue(city: City) -> Catalogue:
    """Its dispatch catalogue."""
    return city.catalogue


def test_there_are_sixty_each_with_its_own_reference() -> None:
    assert [(sample.source, sample.source_ref) for sample in SAMPLES] == [
        ("demo", f"demo-{n:03d}") for n in range(1, 61)
    ]
    assert len({sample.description for sample in SAMPLES}) == 60


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.source_ref)
def test_a_sample_is_a_complaint_that_reaches_a_unit(sample: Complaint, catalogue: Catalogue) -> None:
    assert sample.category in catalogue.categories
    assert sample.location.area is None or sample.location.area in catalogue.units
    assert catalogue.route(sample.category, sample.location.area).unit is not None


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.source_ref)
def test_a_sample_is_chinese_with_an_english_subject(sample: Complaint) -> None:
    assert sample.subject
    assert sample.subject.isascii()
    assert len(re.findall(r"[\u4e00-\u9fff]", sample.description)) > 20


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.source_ref)
def test_a_sample_names_nobody_real(sample: Complaint) -> None:
    who = sample.complainant
    assert who.phone is None or FICTITIOUS.fullmatch(who.phone)
    assert who.email is None or who.email.endswith("@example.org")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.source_ref)
def test_a_sample_lies_in_beijing(sample: Complaint) -> None:
    place = sample.location
    assert (place.latitude is None) == (place.longitude is None)
    if place.latitude is not None and place.longitude is not None:
        assert 39.4 < place.latitude < 41.1
        assert 115.4 < place.longitude < 117.6


def test_samples_have_no_time_of_receipt() -> None:
    assert not any("received_at" in json.loads(line) for line in LINES)


def test_samples_are_of_every_sort(city: City) -> None:
    catalogue = city.catalogue
    levels = Counter(catalogue.categories[sample.category].level for sample in SAMPLES)
    units = {catalogue.route(sample.category, sample.location.area).unit for sample in SAMPLES}
    kinds_of_units = {catalogue.units[unit].kind for unit in units if unit}
    assert set(levels) == set(city.policy.levels)
    assert min(levels.values()) >= 10
    assert {sample.kind for sample in SAMPLES} == set(Kind)
    assert {sample.channel for sample in SAMPLES} == set(Channel)
    assert kinds_of_units >= {"district", "subdistrict", "department", "enterprise"}
    assert len(units) >= 30
    assert len({sample.location.area for sample in SAMPLES}) >= 30
