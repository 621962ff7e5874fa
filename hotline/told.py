"""Errors told to people: one line on the standard error, an exit status, and never a traceback."""

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer
from pydantic import ValidationError

from cases.errors import InvalidError, RefusalError, UnavailableError, UnknownCaseError
from hotline.errors import HotlineError, UsageError
from hotline.policies import PolicyError
from hotline.settings import Settings
from records.errors import SchemaError
from vault.keyfile import KeyFileError

Given = ParamSpec("Given")
Result = TypeVar("Result")

FAILED, USAGE, INTERRUPTED = 1, 2, 130


def told(command: Callable[Given, Result]) -> Callable[Given, Result]:
    """Make a command tell its errors and end with their exit status: 2 for what it was given wrongly, else 1."""

    @functools.wraps(command)
    def telling(*given: Given.args, **named: Given.kwargs) -> Result:
        try:
            return command(*given, **named)
        except (UsageError, InvalidError, PolicyError, KeyFileError) as error:
            raise _tell(str(error), USAGE) from None
        except (HotlineError, RefusalError, UnavailableError, UnknownCaseError, SchemaError) as error:
            raise _tell(str(error), FAILED) from None
        except KeyboardInterrupt:
            raise _tell("interrupted", INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever reads has seen enough, as in `hotline case list | head`.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(FAILED) from None

    return telling


def settings() -> Settings:
    """The settings of the environment and `.env`.

    Raises:
        UsageError: one of them is wrong; the text names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = [f"HOTLINE_{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors()]
        raise UsageError("; ".join(problems)) from None


def _tell(text: str, status: int) -> typer.Exit:
    typer.echo(f"hotline: {text}", err=True)
    return typer.Exit(status)
