"""A courier in a process of its own, whose clock may be wrong: `python -m tests.notices.astray DATABASE CHANNELS`."""

import asyncio
import sys
import time
from pathlib import Path

from activities.notices.channels import Channels
from activities.notices.city import CityOfNotices
from activities.notices.courier import Courier
from activities.wording.rendering import Wording
from cases.city import City
from cases.routing import Catalogue
from records.database import connect
from records.register import Register
from tests.own_keys import KEYS
from tests.unit.narrative import POLICY


async def main(database: str, channels: Path) -> None:
    """Say what time it is by this process, and send what is due."""
    engine = connect(database)
    register = Register(engine, KEYS)
    city = CityOfNotices(City(POLICY, Catalogue([], [], [])), register.policies)
    sys.stdout.write(f"{time.time()}\n")
    courier = Courier(register.sending_queue, register.seals, city, Wording.load(), Channels.load(channels))
    await courier.settle()
    await courier.aclose()
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
