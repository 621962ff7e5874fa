"""The API as a whole, and the process that serves it."""

import asyncio
import socket
from contextlib import AsyncExitStack

import uvicorn
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from temporalio.client import Client

from api import openapi, people, problems
from api.calls import Calls
from api.city import CityInForce
from api.codec_origins import CodecOrigins
from api.incidents import Incidents
from api.keyring import KeyRing
from api.limits import BodyLimit
from api.metrics import Measured, Metrics
from api.pace import Pace
from api.patience import BodyPatience, PatientProtocol
from api.routes import (
    assisting,
    attachments,
    audit,
    callbacks,
    callers,
    candidates,
    cases,
    catalogue,
    codec,
    complainant,
    dispatching,
    erasure,
    handling,
    health,
    mailboxes,
    outgoing,
    oversight,
    revealing,
    systems,
    units,
)
from api.safety import Safety
from api.services import Services
from api.watch import MailboxWatch
from cases.city import City
from hotline import discreet, loop, own_keys, ports, stack
from hotline.city import at_pace
from hotline.errors import StartError
from hotline.policies import load
from hotline.settings import Settings
from records.attachments import Attachments
from records.database import connect as connect_database
from records.database import migrate
from records.keys import Keys
from records.register import Register
from vault.following import Following
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
    signing_in = people.from_settings(settings, register.seals.digests)
    if signing_in is not None:
        signing_in.check_units(in_force.city)
    app.state.services = Services(
        engine=engine,
        register=register,
        keyring=KeyRing(keys, people=signing_in),
        in_force=in_force,
        metrics=metrics,
        watch=MailboxWatch(register.mailboxes, register.seals),
        calls=Calls(register.callers),
        networks=settings.open_networks,
        attachments=Attachments(settings.attachments or settings.state / "attachments"),
        attachments_most=settings.attachments_most,
    )
    for routes in (
        cases,
        revealing,
        dispatching,
        handling,
        assisting,
        complainant,
        oversight,
        attachments,
        callers,
        audit,
        mailboxes,
        systems,
        callbacks,
        units,
        outgoing,
        catalogue,
        health,
        candidates,
        codec,
        erasure,
    ):
        # Not included as routers, of which each would be searched for each request, and the right one twice.
        app.router.routes.extend(routes.router.routes)
    problems.install(app)
    openapi.describe(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, files=settings.attachment_bytes)
    app.add_middleware(BodyPatience)
    app.add_middleware(
        Pace,
        per_key=settings.per_key,
        per_address=settings.per_address,
        failures=settings.failures_per_address,
    )
    if origins := _listed(settings.cors_origins):
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type", "Idempotency-Key", "X-Hotline-Role"],
            expose_headers=["Link", "Location", "Retry-After"],
            max_age=600,
        )
    if origins := _listed(settings.codec_origins):
        app.add_middleware(CodecOrigins, origins=origins)
    app.add_middleware(Incidents)
    app.add_middleware(Safety)
    app.add_middleware(Measured, metrics=metrics)
    return app


def _listed(text: str) -> list[str]:
    return [one for item in text.split(",") if (one := item.strip())]


async def serve(settings: Settings) -> None:
    """Serve until the process is told to stop.

    Raises:
        StartError: the port is taken, or Temporal's own settings cannot be read.
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
        watching = asyncio.create_task(Following(own_keys.path(settings), keys).run())
        parts.callback(watching.cancel)
        register = Register(database, keys, reserve=settings.key_reserve)
        await register.seals.check()
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
            http=PatientProtocol,
            forwarded_allow_ips=_listed(settings.proxies),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        parts.push_async_callback(app.state.services.watch.aclose)
        parts.push_async_callback(app.state.services.keyring.aclose)
        parts.push_async_callback(app.state.services.calls.aclose)
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
    # Connected by the first call: a server that is away now must not keep complaints from being taken in.
    try:
        return await connect_temporal(keys, f"127.0.0.1:{port}", lazy=True)
    except RuntimeError as error:
        raise StartError(f"Temporal's client settings cannot be read: {error}") from error


def main() -> None:
    """Serve by the settings of the environment."""
    settings = Settings()
    discreet.configure(settings.log_level)
    loop.run(serve(settings))


if __name__ == "__main__":
    main()
