"""Whether a connection that lay idle still has a server behind it, seen without asking it."""

import select
from typing import Any

from sqlalchemy.engine.interfaces import Dialect


def glance_before_asking(dialect: Dialect) -> None:
    """Have a pool ask the server only where there is something to read on a connection that lies idle.

    A server that has gone, or is going, has closed the connection, and that can be read. The pool asks every time, as
    shipped, which costs each piece of work one more way to the server and back. One that went silent answers neither:
    the limits of time are there for that.
    """
    ask = dialect.do_ping

    def do_ping(dbapi_connection: Any) -> bool:
        return _quiet(dbapi_connection.driver_connection) or ask(dbapi_connection)

    dialect.do_ping = do_ping  # type: ignore[method-assign]


def _quiet(connection: Any) -> bool:
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN | select.POLLPRI)
    return not poll.poll(0)
