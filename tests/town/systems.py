"""The systems of all units as one process: `python -m tests.town.systems PORT SECRETS LEDGER`.

Each order that arrives is a line of the ledger, written before it is answered: key, unit, digest of what it said,
whether its signature holds, and the moment (seconds of the system's clock). A system honours the key: the ledger shows
what came more than once, and whether it said the same.
"""

import asyncio
import hashlib
import json
import os
import sys
import time
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError


def app(secrets: dict[str, str], ledger: Path) -> FastAPI:
    """The systems, by the secrets of their units."""
    hooks = {unit: Webhook(secret) for unit, secret in secrets.items()}
    book = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    systems = FastAPI()

    async def take(unit: str, request: Request) -> Response:
        body = await request.body()
        try:
            data = hooks[unit].verify(body, dict(request.headers))["data"]
        except WebhookVerificationError:
            return Response(status_code=401)
        line = {
            "key": request.headers["idempotency-key"],
            "unit": unit,
            "case": data["case_number"],
            "about": data["about"],
            "said": hashlib.sha256(body).hexdigest()[:16],
            "at": time.time(),
        }
        # One write, so that a process that is killed leaves whole lines.
        os.write(book, json.dumps(line).encode() + b"\n")
        return Response()

    async def there() -> Response:
        return Response()

    systems.add_api_route("/units/{unit}/orders", take, methods=["POST"])
    systems.add_api_route("/", there, methods=["GET"])
    return systems


def main() -> None:
    """Serve until told to stop."""
    port, secrets, ledger = sys.argv[1:]
    made = app(json.loads(Path(secrets).read_text()), Path(ledger))
    config = uvicorn.Config(made, host="127.0.0.1", port=int(port), log_level="error", lifespan="off")
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
