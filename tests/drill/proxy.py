"""A way between two parts of the service that can be cut, stalled and slowed down."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType

_CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER for zero seconds: the end is a reset, as of a machine that has gone."""

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


def to_port(address: str) -> Connect:
    """How to reach `host:port`."""
    host, _, port = address.rpartition(":")
    return lambda: asyncio.open_connection(host, int(port))


def to_socket(path: str) -> Connect:
    """How to reach a Unix socket."""
    return lambda: asyncio.open_unix_connection(path)


class Way:
    """Listens on a TCP port, and carries what comes to the other end. `async with` it; `port` is where it listens."""

    def __init__(self, connect: Connect) -> None:
        self.port = 0
        self._connect = connect
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._free = asyncio.Event()
        self._free.set()
        self._delay = 0.0

    async def __aenter__(self) -> "Way":
        await self._listen()
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection, and take no new one."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            with suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    def stall(self) -> None:
        """Take connections, and carry nothing."""
        self._free.clear()

    def slow_down(self, seconds: float) -> None:
        """Hold back every piece for so many seconds."""
        self._delay = seconds

    async def mend(self) -> None:
        """Be a way like any other again; what was held back arrives."""
        self._delay = 0.0
        self._free.set()
        if self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            await self._free.wait()
            far_reader, far_writer = await self._connect()
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
            self._writers.discard(writer)
            self._tasks.discard(task)
            return
        self._writers.add(far_writer)
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        except asyncio.CancelledError:
            pass
        finally:
            for one in (writer, far_writer):
                one.transport.abort()
                self._writers.discard(one)
            self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(_CHUNK):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._free.wait()
                writer.write(piece)
                await writer.drain()
        with suppress(OSError, RuntimeError):
            writer.write_eof()
