"""A version that comes into force is taken up by the running API."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col

from api.app import create_app
from api.city import CityInForce
from cases.city import City
from cases.routing import Catalogue
from hotline.city import at_pace
from hotline.settings import Settings
from records.database import connect, migrate, transaction
from records.keys import Keys
from records.register import Register
from records.tables import PolicyRow
from tests.api.conftest import Headers, new_case, talking_to
from tests.own_keys import KEYS
from tests.records.test_outage import Server
from workflows.engine import Engine


def other(city: City, version: str) -> City:
    """The city in another version, with one category fewer and half the time for most matters."""
    policy = city.policy
    general = policy.levels["general"]
    shorter = general.resolve.model_copy(update={"within": general.resolve.within.faster(2)})
    levels = policy.levels | {"general": general.model_copy(update={"resolve": shorter})}
    catalogue = city.catalogue
    categories = [one for one in catalogue.categories.values() if one.code != "streets/litter"]
    return City(
        policy.model_copy(update={"version": version, "levels": levels}),
        Catalogue(catalogue.units.values(), categories, catalogue.entries, policy.city_zone),
    )


async def load(register: Register, city: City) -> None:
    await register.policies.put(city)
    await register.policies.put_in_force(city.policy.policy, city.policy.version)


async def test_new_cases_are_received_under_the_version_that_came_into_force(
    engine: Engine, register: Register, keys: Keys, city: City, intake: Headers
) -> None:
    in_force = CityInForce(city, register)
    app = create_app(Settings(), engine=engine, register=register, keys=keys, city=in_force)
    async with talking_to(app) as client:

        async def version() -> str:
            answer = await client.post("/v1/cases", json=new_case(), headers=intake)
            assert answer.status_code == 201, answer.text
            return (await engine.case(answer.json()["number"])).terms.version

        async def categories() -> set[str]:
            listed: list[Any] = (await client.get("/v1/categories", headers=intake)).json()["items"]
            return {one["code"] for one in listed}

        await in_force.look()
        assert await version() == city.policy.version
        assert "streets/litter" in await categories()
        await load(register, other(city, "next"))
        await in_force.look()
        assert await version() == "next"
        assert "streets/litter" not in await categories()


async def test_it_looks_again_by_itself(register: Register, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.city._LOOKS_EVERY", 0.01)
    in_force = CityInForce(city, register)
    following = asyncio.create_task(in_force.follow())
    await load(register, other(city, "next"))
    async with asyncio.timeout(10):
        while True:
            await asyncio.sleep(0.01)
            if in_force.city.policy.version == "next":
                break
    following.cancel()


async def test_the_demonstration_stays_on_its_own_clock(register: Register, city: City) -> None:
    settings = Settings(demo=True, demo_speed=60)
    in_force = CityInForce(city, register, lambda one: at_pace(one, settings))
    assert in_force.city.policy.version == f"{city.policy.version} x60"
    await load(register, other(city, "next"))
    await in_force.look()
    assert in_force.city.policy.version == "next x60"
    assert in_force.city.policy.levels["utility"].resolve.within == city.policy.levels["utility"].resolve.within.faster(
        60
    )


async def test_another_policy_is_none_of_its_business(register: Register, city: City) -> None:
    in_force = CityInForce(city, register)
    await load(register, replace(city, policy=city.policy.model_copy(update={"policy": "elsewhere"})))
    await in_force.look()
    assert in_force.city is city


async def test_what_a_newer_release_wrote_is_not_taken_up(register: Register, city: City, database_url: str) -> None:
    in_force = CityInForce(city, register)
    await load(register, other(city, "next"))
    database: AsyncEngine = connect(database_url)
    content = city.policy.model_dump(mode="json") | {"a_rule_of_tomorrow": 1}
    async with transaction(database) as connection:
        await connection.execute(update(PolicyRow).where(col(PolicyRow.version) == "next").values(content=content))
    await database.dispose()
    await in_force.look()
    assert in_force.city is city


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path / "postgres")
    yield started
    started.close()


async def test_while_postgresql_is_away_the_last_city_serves_on(server: Server, city: City) -> None:
    await asyncio.to_thread(migrate, server.url)
    database = connect(server.url)
    register = Register(database, KEYS)
    in_force = CityInForce(city, register)
    await load(register, other(city, "next"))
    await in_force.look()
    await asyncio.to_thread(server.stop)
    await in_force.look()
    assert in_force.city.policy.version == "next"
    await asyncio.to_thread(server.start)
    await load(register, other(city, "last"))
    await in_force.look()
    assert in_force.city.policy.version == "last"
    await database.dispose()
