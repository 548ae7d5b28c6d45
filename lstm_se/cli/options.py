"""What several commands take: a folder or file, a model, processes, numbers between commas."""

from __future__ import annotations

from collections.abc import Callable, Container
from pathlib import Path
from typing import TypeVar

import click
from click.core import ParameterSource

Number = TypeVar("Number", int, float)

FOLDER = click.Path(path_type=Path)
COUNT = click.IntRange(min=1)
MODEL = click.option("--model", default="tiny", show_default=True, help="Name, or folder of a run.")
LIMIT = click.option(
    "--limit", type=float, metavar="DB", help="Turn no frequency down by more than this."
)
JOBS = click.option("--jobs", type=COUNT, help="Processes; all cores by default.")
ENGINE = click.option(
    "--engine",
    type=click.Choice(["float", "int8", "firmware"]),
    default="float",
    show_default=True,
    help="float, the microcontroller's integers, or its C compiled here.",
)


def refuse_given(names: Container[str], reason: str) -> None:
    """Refuse options of the running command that somebody wrote and that would be ignored.

    Args:
        names: Of their parameters.
        reason: Why they would be, as the error says it.

    Raises:
        ValueError: If one of them was written.
    """
    context = click.get_current_context()
    for option in context.command.params:
        name = option.name or ""
        if name in names and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise ValueError(f"{reason}: leave {option.opts[0]} out")


def numbers(option: str, text: str, kind: Callable[[str], Number], expected: str) -> list[Number]:
    """Numbers between commas.

    Args:
        option: That they were given to.
        text: What was given.
        kind: ``int`` or ``float``.
        expected: What to write instead if this cannot be read.

    Raises:
        ValueError: If one is no number.
    """
    try:
        return [kind(number) for number in text.split(",")]
    except ValueError:
        raise ValueError(f"--{option} {text}: write {expected}") from None
