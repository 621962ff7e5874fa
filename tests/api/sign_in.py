"""Providers that people sign in with: a real one as a process, and the test's own that signs whatever it is told."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Response
from jwt.algorithms import RSAAlgorithm

from tests.service.free import ports
from tests.serving import served

AUDIENCE = "hotline"
SUBJECT = "li.wei@city.example"
"""Some providers use an address as `sub`; it must be found nowhere here."""


class RealProvider:
    """`oidc-provider-mock`: a provider with its whole flow, as a process. Its keys are new at each start."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self.port = ports(1)[0]
        self.issuer = f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self, groups: list[str], lifetime: int = 3600) -> Iterator[None]:
        user = json.dumps({"sub": SUBJECT, "groups": groups})
        arguments = ["-p", str(self.port), "--token-max-age", str(lifetime), "--user-claims", user]
        with self._log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", *arguments],
                stdout=log,
                stderr=log,
                env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"},
            )
        try:
            self._wait(process)
            yield
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def token(self, audience: str = AUDIENCE) -> str:
        """What somebody has after signing in, by the authorization code flow."""
        client = {"client_id": audience, "redirect_uri": "http://127.0.0.1/back"}
        asked = {**client, "response_type": "code", "scope": "openid profile", "state": "s"}
        agreed = httpx.post(f"{self.issuer}/oauth2/authorize", params=asked, data={"sub": SUBJECT})
        code = httpx.URL(agreed.headers["Location"]).params["code"]
        answer = httpx.post(
            f"{self.issuer}/oauth2/token",
            data={**client, "grant_type": "authorization_code", "code": code},
            auth=(audience, "secret"),
        )
        answer.raise_for_status()
        token: str = answer.json()["id_token"]
        return token

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{self.issuer}/jwks").raise_for_status()
            except httpx.HTTPError:
                assert process.poll() is None, self._log.read_text()
                assert time.monotonic() < until, self._log.read_text()
                time.sleep(0.05)
            else:
                return


class OwnProvider:
    """Publishes what it is told to, and signs anything. `asked` counts the fetches of its keys."""

    def __init__(self) -> None:
        self.issuer = ""
        self.asked = 0
        self.algorithms = ["RS256"]
        self.status = 200
        self.names_itself: str | None = None
        self.padding = ""
        self.hanging = threading.Event()
        self.kid = ""
        self._released = threading.Event()
        self.turn()
        self._app = FastAPI()
        self._app.add_api_route("/.well-known/openid-configuration", self._discovery)
        self._app.add_api_route("/keys", self._jwks)

    def turn(self) -> None:
        """Sign by another key from now on, and publish that alone."""
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = f"key-{len(self.kid) + 1}{'x' * len(self.kid)}"

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.names_itself or self.issuer,
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": self.algorithms,
            "padding": self.padding,
        }

    def _jwks(self, response: Response) -> dict[str, Any]:
        self.asked += 1
        if self.hanging.is_set():
            self._released.wait(20)
        response.status_code = self.status
        return {"keys": [{**RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True), "kid": self.kid}]}

    def token(self, headers: dict[str, Any] | None = None, key: Any = None, alg: str = "RS256", **changed: Any) -> str:
        """A token that is good unless something of it is changed; a claim of none is left out."""
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": SUBJECT,
            "iat": now,
            "exp": now + 300,
            "groups": ["desk"],
        } | changed
        told = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(told, key if key is not None else self.private, alg, {"kid": self.kid} | (headers or {}))

    @contextmanager
    def running(self) -> Iterator["OwnProvider"]:
        with served(self._app) as address:
            self.issuer = self.issuer or address
            yield self
            self._released.set()
