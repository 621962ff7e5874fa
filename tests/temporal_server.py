"""A Temporal server of a test's own, which can be killed, made to hang, and started again with what it had."""

import asyncio
import signal
import subprocess
from pathlib import Path

from temporalio.client import Client

from hotline.temporal_server import program
from tests.own_keys import KEYS
from tests.service.free import ports
from workflows.codec import converter
from workflows.search_attributes import REGISTRY


class TemporalServer:
    """Temporal's development server on a file and a port that stay the same. It does not run before it is started."""

    def __init__(self, folder: Path) -> None:
        (self.port,) = ports(1)
        self.address = f"127.0.0.1:{self.port}"
        self._file = folder / "temporal.db"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        extra = [word for name, kind in REGISTRY.items() for word in ("--search-attribute", f"{name}={kind}")]
        command = [str(program()), "server", "start-dev", "--headless", "--log-level", "never"]
        where = ["--port", str(self.port), "--db-filename", str(self._file)]
        self._process = subprocess.Popen([*command, *where, *extra], stdout=subprocess.DEVNULL)  # noqa: ASYNC220, S603
        async with asyncio.timeout(60):
            while not await self._answers():  # noqa: ASYNC110 - what is waited for has no event of its own
                await asyncio.sleep(0.1)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def forget(self) -> None:
        """Lose all that it had; it must not run."""
        assert self._process is None
        for file in self._file.parent.glob(f"{self._file.name}*"):
            file.unlink()

    def hang(self) -> None:
        """Have it take connections and answer nothing, until it goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def client(self, *, lazy: bool = False) -> Client:
        """A client of it; a lazy one is also had while it is away."""
        return await Client.connect(self.address, data_converter=converter(KEYS.payload), lazy=lazy)

    async def _answers(self) -> bool:
        try:
            client = await self.client()
            [_ async for _ in client.list_workflows("WorkflowId = 'none'")]
        except Exception:  # noqa: BLE001 - until it is there, it fails in many ways
            return False
        return True
