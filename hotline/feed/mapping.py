"""How the columns of a file become the fields of a complaint: a small TOML file.

Each line under `[fields]` says where one field of `POST /v1/cases` comes from. Fields inside others are written with a
dot and in quotes. A column that is empty leaves its field out::

    [fields]
    source = { constant = "boston-311" }
    source_ref = { column = "case_enquiry_id" }
    category = { column = "type", slug = true }
    channel = { column = "source", values = { "Self Service" = "web" }, otherwise = "phone" }
    description = { columns = ["case_title", "closure_reason"], join = "\\n" }
    received_at = { column = "open_dt", time = "%Y-%m-%d %H:%M:%S", zone = "America/New_York" }
    "location.latitude" = { column = "latitude", number = true }

`constant`: always this. `column`: what stands there. `columns`: what stands in several, put together by `join`.
`slug`: spelled as a code, in lower case with `-` for every run of other characters than letters and digits.
`values`: what a value becomes; one that is not named becomes `otherwise`, or stays as it is without that.
`time`: a time so written (as Python's strptime, or "iso"), which is local time of `zone` unless it holds an offset.
`number`: a number instead of a text.
"""

import re
import tomllib
from collections.abc import Mapping as Columns
from datetime import datetime
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hotline.errors import UsageError

_NO_CODE = re.compile(r"[^a-z0-9]+")


class RowError(Exception):
    """A row cannot be turned into a complaint. The text names the column and says why."""


class Rule(BaseModel):
    """Where one field comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    constant: str | int | float | bool | None = None
    column: str | None = None
    columns: tuple[str, ...] = ()
    join: str = " "
    slug: bool = False
    values: dict[str, str] = Field(default_factory=dict)
    otherwise: str | None = None
    time: str | None = None
    zone: str | None = None
    number: bool = False

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str | None) -> str | None:
        if zone is not None:
            try:
                ZoneInfo(zone)
            except (KeyError, ValueError, OSError):
                raise ValueError(f"unknown time zone {zone!r}; write one like America/New_York") from None
        return zone

    @model_validator(mode="after")
    def _one_origin(self) -> "Rule":
        if sum((self.constant is not None, self.column is not None, bool(self.columns))) != 1:
            raise ValueError("needs exactly one of constant, column and columns")
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it needs."""
        return (self.column,) if self.column is not None else self.columns

    def of(self, row: Columns[str, str]) -> object:
        """What the field is in a row; none where it is to be left out.

        Raises:
            RowError: what stands there is no such time or number.
        """
        if self.constant is not None:
            return self.constant
        text = self.join.join(cell for name in self.reads if (cell := row[name].strip()))
        text = self.values.get(text, text if self.otherwise is None else self.otherwise)
        if not text:
            return None
        if self.slug:
            return _NO_CODE.sub("-", text.lower()).strip("-")
        try:
            if self.time is not None:
                return self._moment(text).isoformat()
            return float(text) if self.number else text
        except ValueError:
            wanted = f"no time like {self.time}" if self.time else "no number"
            raise RowError(f"column {' and '.join(self.reads)!r} holds {text[:60]!r}, which is {wanted}") from None

    def _moment(self, text: str) -> datetime:
        read = datetime.fromisoformat(text) if self.time == "iso" else datetime.strptime(text, self.time or "")  # noqa: DTZ007
        return read.replace(tzinfo=ZoneInfo(self.zone or "UTC")) if read.tzinfo is None else read


class Mapping(BaseModel):
    """Where all fields come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: Annotated[dict[str, Rule], Field(min_length=1)]

    @property
    def reads(self) -> set[str]:
        """The columns that it needs."""
        return {name for rule in self.fields.values() for name in rule.reads}

    def body(self, row: Columns[str, str]) -> dict[str, Any]:
        """A row as it is posted.

        Raises:
            RowError: a field of it cannot be made.
        """
        body: dict[str, Any] = {}
        for path, rule in self.fields.items():
            if (value := rule.of(row)) is not None:
                *outer, last = path.split(".")
                place = body
                for part in outer:
                    place = place.setdefault(part, {})
                place[last] = value
        return body


def load(name_or_path: str) -> Mapping:
    """A mapping in a file, or a shipped one by its name.

    Raises:
        UsageError: there is none, or it is wrong; the text names the file and the field.
    """
    file = _find(name_or_path)
    try:
        return Mapping.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--mapping {name_or_path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"--mapping {name_or_path}: is no TOML: {error}") from None
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors()
        ]
        raise UsageError(f"--mapping {name_or_path}: {'; '.join(problems)}") from None


def _find(name_or_path: str) -> Traversable:
    path = Path(name_or_path)
    if path.is_file():
        return path
    folder = resources.files("hotline").joinpath("mappings")
    shipped = {one.name.removesuffix(".toml"): one for one in folder.iterdir() if one.name.endswith(".toml")}
    if name_or_path in shipped:
        return shipped[name_or_path]
    raise UsageError(
        f"--mapping {name_or_path}: there is no such file, nor a shipped mapping; shipped are: {', '.join(shipped)}"
    )
