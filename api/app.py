"""The API as a whole, and the process that serves it."""

import asyncio
import logging
import socket
import sys
from contextlib import AsyncExitStack

import uvicorn
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from temporalio.client import Client

from api import openapi, problems
from api.city import CityInForce
from api.incidents import Incidents
from api.keyring import KeyRing
from api.limits import BodyLimit
from api.metrics import Measured, Metrics
from api.routes import (
    assisting,
    callbacks,
    candidates,
    cases,
    catalogue,
    complainant,
    dispatching,
    handling,
    health,
    mailboxes,
    outgoing,
    oversight,
    systems,
    units,
)
from api.services import Services
from api.watch import MailboxWatch
from cases.city import City
from hotline import own_keys, ports, stack
from hotline.city import at_pace
from hotline.errors import StartError
from hotline.policies import load
from hotline.settings import Settings
from records.database import connect as connect_database
from records.database import migrate
from records.keys import Keys
from records.register import Register
from vault.keyfile import KeyFile
from workflows.connection import connect as connect_temporal
from workflows.engine import Engine


def create_app(
    settings: Settings, *, engine: Engine, register: Register, keys: Keys, city: City | CityInForce
) -> FastAPI:
    """The application over the given parts, which belong to whoever made them. A city given as such stays in force."""
    app: FastAPI = FastAPIOffline(
        redoc_url=None,
        title="hotline",
        summary=openapi.SUMMARY,
        description=openapi.DESCRIPTION,
        version="1",
        openapi_tags=openapi.TAGS,
        redirect_slashes=False,
    )
    metrics = Metrics()
    in_force = city if isinstance(city, CityInForce) else CityInForce(city, register)
    app.state.services = Services(
        engine=engine,
        register=register,
        keyring=KeyRing(keys),
        in_force=in_force,
        metrics=metrics,
        watch=MailboxWatch(register.mailboxes),
        networks=settings.open_networks,
    )
    for routes in (cases, dispatching, handling, assisting, complainant, oversight):
        app.include_router(routes.router)
    for routes in (mailboxes, systems, callbacks, units, outgoing, catalogue, health, candidates):
        app.include_router(routes.router)
    problems.install(app)
    openapi.describe(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit)
    app.add_middleware(Incidents)
    app.add_middleware(Measured, metrics=metrics)
    return app


async def serve(settings: Settings) -> None:
    """Serve until the process is told to stop.

    Raises:
        StartError: the port is taken, or Temporal does not answer.
        NotRunningError: no database is set, and no service runs on the state folder.
        UnavailableError: the database does not answer.
        PolicyError: the policy cannot be used.
        KeyFileError: the service's own keys cannot be used.
    """
    settings = stack.resolve(settings)
    url = stack.database_url(settings)
    city = load(settings.policy)
    keys = own_keys.load(settings)
    ports.claim([ports.Wanted(part="the API", host=settings.host, port=settings.api_port, setting="HOTLINE_API_PORT")])
    await asyncio.to_thread(migrate, url)
    async with AsyncExitStack() as parts:
        database = connect_database(url)
        parts.push_async_callback(database.dispose)
        register = Register(database, keys, reserve=settings.key_reserve)
        await register.seals.data_keys.check()
        parts.push_async_callback(register.seals.aclose)
        filling = asyncio.create_task(register.seals.keep_ready())
        parts.callback(filling.cancel)
        engine = Engine(await _temporal(keys, settings.temporal_port), settings.task_queue, register.history)
        in_force = CityInForce(city, register, lambda one: at_pace(one, settings))
        await in_force.look()
        following = asyncio.create_task(in_force.follow())
        parts.callback(following.cancel)
        app = create_app(settings, engine=engine, register=register, keys=Keys(database), city=in_force)
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.api_port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        parts.push_async_callback(app.state.services.watch.aclose)
        await Server(config, app.state.services.watch).serve()


class Server(uvicorn.Server):
    """Lets those go who wait for mail as soon as it is told to stop, and not only when they have waited enough."""

    def __init__(self, config: uvicorn.Config, watch: MailboxWatch) -> None:
        super().__init__(config)
        self._watch = watch

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._watch.close()
        await super().shutdown(sockets)


async def _temporal(keys: KeyFile, port: int) -> Client:
    try:
        return await connect_temporal(keys, f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise StartError(
            f"Temporal's server does not answer; start it, or name one by TEMPORAL_ADDRESS ({error})"
        ) from error


def main() -> None:
    """Serve by the settings of the environment."""
    settings = Settings()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if sys.platform == "win32":
        asyncio.run(serve(settings))
    else:
        import uvloop

        uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
