"""A unit's mailbox, read for ever: pip install httpx."""

import httpx


def read(service, unit, key, after, work):
    """Hand every message to `work`, with its place. `after` is the last place that you have kept; at first 0."""
    with httpx.Client(base_url=service, headers={"Authorization": f"Bearer {key}"}, timeout=40) as http:
        while True:
            page = http.get(f"/v1/units/{unit}/orders", params={"after": after, "limit": 100, "wait": 25})
            page.raise_for_status()
            for item in page.json()["items"]:
                work(item["data"], item["place"])
            after = page.json()["next"]
