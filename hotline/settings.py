"""Every setting of the service, from the environment and `.env`; `.env.example` lists them with their meaning."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cases.errors import InvalidError
from cases.targets import Network, networks
from hotline import places

_DEMONSTRATION = "127.0.0.1/32"


def _networks(text: str) -> str:
    try:
        networks(text)
    except InvalidError as error:
        raise places.wrong(error.detail) from None
    return text


Origins = Annotated[str, AfterValidator(places.origins)]
Port = Annotated[int, Field(ge=1, le=65_535)]


class Settings(BaseSettings):
    """One field, one variable: `api_port` is `HOTLINE_API_PORT`.

    Temporal's own client settings (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS and API keys, or a `temporal.toml`)
    are read by Temporal's library; where they name a server, the embedded one is not started.
    """

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_file=".env", env_file_encoding="utf-8", extra="ignore")

    state: Path = Field(Path(".hotline"), description="The folder that holds everything the service keeps.")
    policy: str = Field("beijing", description="The policy in force: a name under `policies/`, or a folder.")
    notices: Path | None = Field(
        None, description="A folder of the city's own texts of notices, over the shipped ones."
    )
    channels: Path | None = Field(
        None, description="The file that says by which channels notices go out; without it, they go to the log."
    )
    host: str = Field("127.0.0.1", description="The address that the API listens on.")
    api_port: Port = Field(8000, description="The port of the API.")
    temporal_port: Port = Field(7233, description="The port of the embedded Temporal server.")
    temporal_ui_port: Port = Field(8233, description="The port of Temporal's web UI.")
    units_port: Port = Field(8400, description="The port of the demonstration city's handling units.")
    database_url: SecretStr | None = Field(
        None, description="A PostgreSQL to use instead of the embedded one: postgresql://user:password@host/name."
    )
    keys: Path | None = Field(
        None, description="The file of the service's own keys; without it, `keys.json` in the state folder."
    )
    oidc_issuer: str | None = Field(
        None, description="Who signs people's tokens (OpenID Connect): the issuer, exactly as it calls itself."
    )
    oidc_audience: str = Field(
        "", description="What the provider calls this service in the tokens that are meant for it, several by commas."
    )
    oidc_claim: str = Field(
        "groups", min_length=1, description="The claim that holds a person's groups or roles; a dotted path if nested."
    )
    oidc_people: Path | None = Field(
        None, description="The file that says which group or role in that claim is which role here."
    )
    codec_origins: Origins = Field(
        "", description="Origins of Temporal's web UI that may have payloads decoded, by commas."
    )
    key_reserve: int = Field(
        5_000, ge=10, le=1_000_000, description="Keys that each API process holds ready, one for each new case."
    )
    task_queue: str = Field("hotline", description="The task queue that case workflows run on.")
    deployment: str = Field(
        "",
        pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]*)?$",
        max_length=100,
        description="What the engine calls the workers whose releases run side by side; without it they have none.",
    )
    build_id: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._+-]*$",
        max_length=100,
        description="What it calls this release of them; without it, by its number.",
    )
    cached_cases: int = Field(
        5_000, ge=10, le=1_000_000, description="Cases that each worker keeps in memory between their events."
    )
    sandbox: bool = Field(
        False,
        description="Whether workers run workflows in Temporal's sandbox, which costs a third of their throughput.",
    )
    retention_days: int = Field(
        30, ge=1, le=3650, description="Days that the embedded Temporal server keeps the history of closed cases."
    )
    demo: bool = Field(False, description="Whether this is the demonstration; `hotline up --demo` sets it.")
    demo_speed: int = Field(
        60, ge=1, le=10_000, description="How many times faster than real the demonstration's limits run."
    )
    unit_networks: Annotated[str, AfterValidator(_networks)] = Field(
        "",
        description="Networks in which units' systems may be besides the public ones, as 10.20.0.0/16, by commas.",
    )
    unit_timeout: int = Field(40, ge=1, le=50, description="Seconds that a unit's system has to answer an order.")
    unit_at_once: int = Field(
        4, ge=1, le=100, description="How many orders go to a unit's system at once, unless it has a pace of its own."
    )
    unit_per_minute: int = Field(
        600, ge=1, le=60_000, description="How many orders go to it a minute, unless it has a pace of its own."
    )
    per_key: int = Field(3_000, ge=1, le=1_000_000, description="Requests a minute under one key or token.")
    per_address: int = Field(6_000, ge=1, le=1_000_000, description="Requests a minute from one network address.")
    failures_per_address: int = Field(
        60, ge=1, le=1_000_000, description="Requests a minute from one network address without a valid key."
    )
    proxies: Annotated[str, AfterValidator(places.proxies)] = Field(
        "", description="Proxies in front of the API, by commas, whose word for a caller's address is taken."
    )
    cors_origins: Origins = Field(
        "", description="Origins of web pages that may call the API from a browser, as https://desk.example.org."
    )
    attachments: Annotated[str, AfterValidator(places.store)] = Field(
        "",
        description="Where attachments are kept: s3://bucket/folder, or a folder; without it, one in the state folder.",
    )
    attachment_bytes: int = Field(
        25_000_000, ge=1_000, le=200_000_000, description="How large an attachment may be, in bytes."
    )
    attachments_most: int = Field(20, ge=0, le=1_000, description="How many attachments a case may have.")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("oidc_audience", "oidc_people")
    @classmethod
    def _needs_an_issuer(cls, given: str | Path | None, info: ValidationInfo) -> str | Path | None:
        if given and info.data.get("oidc_issuer") is None:
            raise places.wrong("does nothing without HOTLINE_OIDC_ISSUER; name the provider there, or leave this out")
        return given

    @property
    def open_networks(self) -> tuple[Network, ...]:
        """Where units' systems may be besides the public networks: the demonstration's own are on this machine."""
        return networks(self.unit_networks) + (networks(_DEMONSTRATION) if self.demo else ())
