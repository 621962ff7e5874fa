"""Keeps what this release writes, for the releases to come: `python -m tests.records.keep_rows`.

To be run before a migration is added, with the schema as it still is: `earlier/` then has rows that its own code wrote.
"""

import asyncio
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import insert

from cases.city import City
from cases.commands import Acknowledge, Called, Contact, RequestExtension, Return, Wait, Whistle
from cases.events import Event
from cases.evolve import fold
from cases.limits import Budget
from cases.owed import owed
from cases.routing import Catalogue, Unit
from cases.vocabulary import Complainant, Location, Role
from hotline.postgres import Postgres
from records.database import connect, migrate
from records.keys import Keys
from records.outgoing import SendingRow
from records.register import Register
from tests.own_keys import KEYS
from tests.records.histories import begun, ticked, withdrawn
from tests.records.histories import lived as whole_life
from tests.unit.narrative import DISTRICT, FULL, ROADS, WATER, brought
from vault.sealing import DataKey, seal

SENDING = {
    "id": "sending-1",
    "about": "received",
    "audience": "complainant",
    "route": "email",
    "channel": "log",
    "language": "en",
    "address": "one@example.org",
    "addressee": "addressee-1",
    "subject": "Your case",
    "body": "We have it.",
    "state": "waiting",
    "urgent": False,
    "send_after": datetime(2026, 9, 1, 4, tzinfo=UTC),
}

FOLDER = Path(__file__).parent / "earlier"


def stories(key: DataKey) -> dict[str, list[Event]]:
    """Cases in many places, by the names that the tests know them by; what people said in one of them is sealed."""
    place = Location(area="chaoyang", address="1 Example Road", latitude=39.90873, longitude=116.39748)
    opened = begun(
        "open", subject="A hole before the door", complainant=Complainant(name="Resident One"), location=place
    )
    late, taken_back = begun("late"), begun("withdrawn")
    objected, waiting, whistled = (brought(source_ref=name) for name in ("objected", "waiting", "whistled"))
    objected.after(hours=1).do(Return(reason="A water main.", evidence="Sheet 14."))
    for one in (waiting, whistled):
        one.after(hours=1).do(Acknowledge())
    waiting.do(Contact())
    waiting.do(Wait(reason="The key."))
    whistled.do(Whistle(calls=(Called(unit=WATER, task="Shut the valve."),)))
    whistled.do(RequestExtension(by=Budget.parse("8 days"), reason="Frost."))
    return {
        "lived": whole_life()[1],
        "open": [seal(event, key) for event in opened],
        "late": late + ticked(late, timedelta(days=3)),
        "withdrawn": taken_back + withdrawn(taken_back),
        "objected": objected.events,
        "waiting": waiting.events,
        "whistled": whistled.events,
    }


async def write(address: str) -> dict[str, Any]:
    """Have the service write them into a database; the texts of keys, and the numbers of the cases."""
    engine = connect(address)
    register, keys = Register(engine, KEYS), Keys(engine)
    units = [Unit(code=code, kind="department", title={"en": code}) for code in (ROADS, WATER, DISTRICT)]
    await register.put_units(units, {ROADS: "https://roads.example/orders"})
    await register.policies.put(City(FULL, Catalogue(units[:1], [], [])))
    await register.policies.put_in_force(FULL.policy, FULL.version)
    texts = {
        "unit": await keys.create(Role.UNIT_LEAD, unit=ROADS, label="the works of roads"),
        "intake": await keys.create(Role.INTAKE, source="phone", label="the counter"),
        "secret": await register.systems.new_secret(ROADS, timedelta(0)),
    }
    told = stories(await register.seals.new_key())
    numbers = {}
    for name, events in told.items():
        case, (orders, notices) = fold(events), owed(events)
        await register.record(case.number, events, case, orders, notices)
        numbers[name] = case.number
        if name == "late":
            await register.deliveries.failed(orders[0], "status 503")
    async with engine.begin() as connection:
        await connection.execute(insert(SendingRow).values(**SENDING, case_number=numbers["late"]))
    await engine.dispose()
    return {"texts": texts, "cases": numbers}


def main() -> None:
    """Write them, and keep every row of every table."""
    with tempfile.TemporaryDirectory(prefix="hotline-rows-") as folder:
        server = Postgres(Path(folder) / "postgres")
        try:
            address = server.start()
            migrate(address)
            kept = asyncio.run(write(address))
            with psycopg.connect(address, row_factory=dict_row) as connection:
                tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
                rows = {one["tablename"]: _rows(connection, one["tablename"]) for one in tables.fetchall()}
        finally:
            server.stop()
    [version] = rows.pop("alembic_version")
    # The database counts anew whatever is put in.
    rows.pop("case_counts", None)
    kept |= {"schema": version["version_num"], "rows": {table: found for table, found in rows.items() if found}}
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    (FOLDER / f"{version['version_num']}.json").write_text(text.replace('},{"', '},\n{"') + "\n", "utf-8")


def _rows(connection: "psycopg.Connection[dict[str, Any]]", table: str) -> list[dict[str, Any]]:
    found = connection.execute(f'SELECT row_to_json(t) AS kept FROM "{table}" t')  # noqa: S608
    return [row["kept"] for row in found]


if __name__ == "__main__":
    main()
