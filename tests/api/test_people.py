"""People sign in with the city's own provider; nobody else's token opens anything."""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import FastAPI

from api import provider
from api.app import create_app
from api.people import LEEWAY, ROLE_HEADER, People, account_id
from api.provider import AGAIN, STALE, Provider
from cases.city import City
from hotline.settings import Settings
from records.keys import Keys
from records.register import Register
from tests.api.conftest import UNIT, Headers, new_case, shown, started, talking_to
from tests.api.sign_in import AUDIENCE, SUBJECT, OwnProvider, RealProvider
from tests.own_keys import KEYS
from vault.digests import Digests
from workflows.engine import Engine

PEOPLE = f"""
[[people]]
value = "desk"
role = "desk"

[[people]]
value = "desk of the night"
role = "desk"

[[people]]
value = "leads"
role = "unit_lead"
unit = "{UNIT}"

[[people]]
value = "clerks"
role = "unit_clerk"
unit = "{UNIT}"
"""

Said = dict[str, Any]


@pytest.fixture
def people_file(tmp_path: Path) -> Path:
    path = tmp_path / "people.toml"
    path.write_text(PEOPLE)
    return path


@pytest.fixture
def own() -> Iterator[OwnProvider]:
    with OwnProvider().running() as running:
        yield running


def settings(issuer: str, people_file: Path, **changed: Any) -> Settings:
    told = {"oidc_issuer": issuer, "oidc_audience": AUDIENCE, "oidc_people": people_file}
    return Settings(_env_file=None, **{**told, **changed})


class Door:
    """The API of a city whose people sign in with one provider, on a clock that the test sets."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.client = client
        self.now = 0.0
        self.people: People = app.state.services.keyring._people
        self.people.provider = Provider(self.people.provider.issuer, clock=lambda: self.now)

    async def answer(self, token: str, **headers: str) -> httpx.Response:
        return await self.client.get("/v1/units", headers={"Authorization": f"Bearer {token}", **headers})

    async def admits(self, token: str) -> bool:
        answer = await self.answer(token)
        assert answer.status_code in (200, 401), answer.text
        return answer.status_code == 200

    async def refuses(self, token: str, why: str, status: int = 401) -> None:
        answer = await self.answer(token)
        assert answer.status_code == status, answer.text
        assert why in answer.json()["detail"]
        assert SUBJECT not in answer.text
        if status == 401:
            assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token", error_description="')


class Doors:
    """Makes them."""

    def __init__(self, engine: Engine, register: Register, keys: Keys, city: City) -> None:
        self._parts: dict[str, Any] = {"engine": engine, "register": register, "keys": keys, "city": city}
        self._made: list[Door] = []

    def open(self, chosen: Settings) -> Door:
        app = create_app(chosen, **self._parts)
        self._made.append(Door(app, talking_to(app)))
        return self._made[-1]

    async def aclose(self) -> None:
        for one in self._made:
            await one.people.provider.aclose()
            await one.client.aclose()


@pytest_asyncio.fixture
async def doors(engine: Engine, register: Register, keys: Keys, city: City) -> AsyncIterator[Doors]:
    made = Doors(engine, register, keys, city)
    yield made
    await made.aclose()


@pytest.fixture
def door(doors: Doors, own: OwnProvider, people_file: Path) -> Door:
    return doors.open(settings(own.issuer, people_file))


async def test_a_person_signs_in_and_works_on_through_a_change_of_the_providers_keys(
    doors: Doors, tmp_path: Path, people_file: Path, intake: Headers
) -> None:
    real = RealProvider(tmp_path / "provider.log")
    door = doors.open(settings(real.issuer, people_file))
    with real.running(["leads", "choir"]):
        before = real.token()
        number = await started(door.client, intake)
        lead = {"Authorization": f"Bearer {before}"}
        answer = await door.client.post(f"/v1/cases/{number}/acknowledge", headers=lead)
        assert answer.status_code == 200, answer.text
        events = (await shown(door.client, lead, number, "/events"))["items"]
        actor = next(one["actor"] for one in events if one["fact"]["type"] == "acknowledged")
        account = account_id(Digests(KEYS.digest_key), real.issuer, SUBJECT)
        assert (actor["role"], actor["id"], actor["unit"]) == ("unit_lead", account, UNIT)
        assert SUBJECT not in json.dumps(events)
        await door.refuses(real.token("another-service"), "another audience")
    with real.running(["leads"]):
        # Another process on the same port, with keys of its own.
        after = real.token()
        assert not await door.admits(after), "the provider is not asked again at once"
        door.now += AGAIN
        assert await door.admits(after)
        assert not await door.admits(before)
    with real.running(["leads"], lifetime=-LEEWAY - 10):
        door.now += 2 * AGAIN
        await door.refuses(real.token(), "has expired")


async def test_a_person_does_what_their_role_may_and_no_more(door: Door, own: OwnProvider, desk: Headers) -> None:
    clerk = {"Authorization": f"Bearer {own.token(groups=['clerks'])}"}
    refused = await door.client.post("/v1/cases", json=new_case(), headers=clerk)
    assert refused.status_code == 403
    assert (await door.client.get("/v1/cases?unit=haidian", headers=clerk)).status_code == 403
    assert (await door.client.get("/v1/cases", headers=clerk)).json()["items"] == []


async def test_whoever_has_several_roles_says_in_which_one_they_act(door: Door, own: OwnProvider) -> None:
    both = own.token(groups=["desk", "leads"])
    await door.refuses(both, f"desk, unit_lead:{UNIT}", status=403)
    for wanted in ("desk", "unit_lead", f"unit_lead:{UNIT}"):
        assert (await door.answer(both, **{ROLE_HEADER: wanted})).status_code == 200
    for wanted in ("admin", "unit_lead:haidian", ""):
        assert (await door.answer(both, **{ROLE_HEADER: wanted})).status_code == 403
    # Two groups that make the same of somebody are one role, and one role needs no header.
    assert await door.admits(own.token(groups=["desk", "desk of the night"]))


async def test_whoever_is_in_no_group_that_the_city_names_is_told_so(door: Door, own: OwnProvider) -> None:
    for groups in (["choir"], [], None, 7, {"desk": True}, "no desk"):
        await door.refuses(own.token(groups=groups), "your account has no role here", status=403)
    assert await door.admits(own.token(groups="desk"))


@pytest.mark.parametrize("claim", ["realm_access.roles", "https://city.example/roles"])
async def test_roles_may_lie_deeper_or_under_a_name_with_dots(
    doors: Doors, own: OwnProvider, people_file: Path, claim: str
) -> None:
    door = doors.open(settings(own.issuer, people_file, oidc_claim=claim))
    nested: Said = {"realm_access": {"roles": ["desk"]}} if claim.startswith("realm") else {claim: ["desk"]}
    assert await door.admits(own.token(groups=None, **nested))
    await door.refuses(own.token(), "your account has no role here", status=403)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"aud": "another"}, "another audience"),
        ({"aud": ["a", "b"]}, "another audience"),
        ({"aud": None}, "lacks what it must have: aud"),
        ({"iss": "https://elsewhere.example"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"sub": None}, "lacks what it must have: sub"),
        ({"sub": ""}, "does not say whose it is"),
        ({"exp": None}, "lacks what it must have: exp"),
        ({"iat": None}, "lacks what it must have: iat"),
        ({"exp": 10**18}, "no calendar has"),
        ({"exp": "tomorrow"}, "cannot be used"),
        ({"iat": 1e400}, ""),
        ({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, "not for signing in"),
        ({"headers": {"typ": "logout+jwt"}}, "not for signing in"),
        ({"headers": {"kid": "no-such-key"}}, "no key that the provider publishes"),
    ],
)
async def test_a_token_that_is_not_meant_for_here_is_refused(
    door: Door, own: OwnProvider, changed: Said, why: str
) -> None:
    await door.refuses(own.token(**changed), why)
    assert await door.admits(own.token(headers={"typ": "at+jwt"}))


@pytest.mark.parametrize(("claim", "sign"), [("exp", -1), ("nbf", 1), ("iat", 1)])
async def test_clocks_may_differ_by_a_minute(door: Door, own: OwnProvider, claim: str, sign: int) -> None:
    now = int(jwt.decode(own.token(), options={"verify_signature": False})["iat"])
    within: Said = {claim: now + sign * (LEEWAY - 15)}
    beyond: Said = {claim: now + sign * (LEEWAY + 15)}
    assert await door.admits(own.token(**within))
    assert not await door.admits(own.token(**beyond))


def forged(own: OwnProvider) -> dict[str, str]:
    """Tokens that somebody who has only the public key can make."""
    header, claims, signature = own.token().split(".")
    public = own.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    plain = {"alg": "none", "kid": own.kid, "typ": "JWT"}
    bare = base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")
    by_hmac = base64.urlsafe_b64encode(json.dumps(plain | {"alg": "HS256"}).encode()).decode().rstrip("=")
    sealed = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        f"{by_hmac}.{claims}".encode(), public
    )
    by_number = base64.urlsafe_b64encode(json.dumps(plain | {"alg": "RS256", "kid": 7}).encode()).decode().rstrip("=")
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"groups": ["leads"]}
    changed = base64.urlsafe_b64encode(json.dumps(other).encode()).decode().rstrip("=")
    return {
        "unsigned": f"{bare}.{claims}.",
        "unsigned with a signature": f"{bare}.{claims}.{signature}",
        "by HMAC with the public key": f"{by_hmac}.{claims}.{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}",
        "by another key of the same name": own.token(key=stranger),
        "by another kind of key": own.token(key=ec.generate_private_key(ec.SECP256R1()), alg="ES256"),
        "by an algorithm that is not announced": own.token(alg="PS256"),
        "with its own key in the header": own.token(
            key=stranger, headers={"jwk": json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(stranger.public_key()))}
        ),
        "with a key whose name is none": f"{by_number}.{claims}.{signature}",
        "changed": f"{header}.{changed}.{signature}",
        "cut": f"{header}.{claims}.{signature[:-20]}",
        "empty": "..",
        "too long": own.token(filler="x" * 20_000),
        "no JSON": f"{header}.{base64.urlsafe_b64encode(b'[1').decode()}.{signature}",
    }


async def test_what_the_provider_did_not_sign_is_refused(door: Door, own: OwnProvider) -> None:
    assert await door.admits(own.token())
    for name, token in forged(own).items():
        assert not await door.admits(token), name
        door.now += AGAIN
    assert await door.admits(own.token())


async def test_a_flood_of_strange_tokens_hardly_reaches_the_provider(door: Door, own: OwnProvider) -> None:
    for count in range(12):
        assert not await door.admits(own.token(headers={"kid": f"made-up-{count}"}))
        await door.refuses(own.token(iss="https://elsewhere.example"), "another issuer")
    assert own.asked == 1
    door.now += AGAIN
    assert not await door.admits(own.token(headers={"kid": "made-up"}))
    assert own.asked == 2


async def test_the_provider_may_be_away_at_the_start_and_later(door: Door, own: OwnProvider) -> None:
    own.status = 500
    answer = await door.answer(own.token())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    own.status = 200
    door.now += AGAIN
    assert await door.admits(own.token())
    own.status = 500
    door.now += STALE - 1
    assert await door.admits(own.token())
    door.now += 2
    assert (await door.answer(own.token())).status_code == 503
    # Keys have nothing to do with it.
    own.status = 200
    door.now += AGAIN
    assert await door.admits(own.token())


async def test_a_provider_that_hangs_holds_nobody_up_whose_key_is_known(
    door: Door, own: OwnProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "PATIENCE", 0.5)
    assert await door.admits(own.token())
    own.hanging.set()
    door.now += provider.FRESH + 1
    assert await door.admits(own.token())
    fetching = door.people.provider._fetching
    assert fetching is not None
    assert not fetching.done(), "the provider still hangs, and the answer was there before"
    assert not await door.admits(own.token(headers={"kid": "unknown"}))


async def test_a_provider_that_hangs_from_the_start_is_given_up(
    door: Door, own: OwnProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "PATIENCE", 0.2)
    own.hanging.set()
    assert (await door.answer(own.token())).status_code == 503


@pytest.mark.parametrize(
    "wrong",
    [
        {"names_itself": "http://127.0.0.1:1"},
        {"algorithms": ["none", "HS256"]},
        {"padding": "x" * provider.MOST_BYTES},
        {"status": 302},
    ],
)
async def test_what_a_provider_publishes_must_be_in_order(door: Door, own: OwnProvider, wrong: Said) -> None:
    for name, value in wrong.items():
        setattr(own, name, value)
    assert (await door.answer(own.token())).status_code == 503


async def test_without_a_provider_a_token_is_refused_clearly(client: httpx.AsyncClient, own: OwnProvider) -> None:
    answer = await client.get("/v1/units", headers={"Authorization": f"Bearer {own.token()}"})
    assert answer.status_code == 401
    assert "HOTLINE_OIDC_ISSUER" in answer.json()["detail"]
