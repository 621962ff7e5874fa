"""Writes the example order, and what ../departments.md quotes, anew: .venv/bin/python docs/departments/renew.py."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from standardwebhooks import Webhook

from hotline.conformance.checks import wire
from hotline.conformance.samples import Sample

HERE = Path(__file__).parent
PAGE = HERE.parent / "departments.md"

form = Sample("water-group", "docs", datetime(2026, 3, 2, 1, tzinfo=UTC)).form("dispatched")
body = wire(form)
(HERE / "order.json").write_bytes(body)


def quoted(found: re.Match[str]) -> str:
    """A quotation as it should be, by the name that stands above it."""
    name, language = found[1], found[2]
    example = json.dumps(json.loads(body), ensure_ascii=False, indent=2) + "\n"
    text = example if name == "example" else (HERE / name).read_text()
    return f"<!-- {name} -->\n```{language}\n{text}```"


def signed(page: str) -> str:
    """The signature of the example, by the secret and the moment that the page names."""
    secret = re.search(r"`(whsec_[\w+/=]+)`", page)
    at = re.search(r"webhook-timestamp: (\d+)", page)
    if secret is None or at is None:
        raise SystemExit(f"{PAGE} names no secret or no webhook-timestamp to sign the example with")
    return Webhook(secret[1]).sign(form.key, datetime.fromtimestamp(int(at[1]), UTC), body.decode())


page = re.sub(r"<!-- ([\w.]+) -->\n```(\w+)\n.*?```", quoted, PAGE.read_text(), flags=re.DOTALL)
page = re.sub(r"(webhook-id|Idempotency-Key): \S+\.order\.\S+", rf"\1: {form.key}", page)
PAGE.write_text(re.sub(r"webhook-signature: v1,[\w+/=]+", f"webhook-signature: {signed(page)}", page, count=1))
