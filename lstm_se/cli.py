"""The command line, ``lstm-se``: gathers the commands, and ends each with its exit code.

A wrong input ends with one line and exit code 2. The commands themselves are in ``commands/``.
"""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

import click

from . import __version__
from .commands.average import average
from .commands.bench import bench
from .commands.data import data
from .commands.enhance import enhance
from .commands.evaluate import evaluate
from .commands.export import export
from .commands.info import info
from .commands.prune import prune
from .commands.quantize import quantize
from .commands.rescale import rescale
from .commands.train import train


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="lstm-se")
def commands() -> None:
    """Speech denoising with a small LSTM, from noisy WAV files to a microcontroller."""


for command in (
    average,
    bench,
    data,
    enhance,
    evaluate,
    export,
    info,
    prune,
    quantize,
    rescale,
    train,
):
    commands.add_command(command)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that half a file is tidied up
    try:
        commands.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (ValueError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort) as interrupt:
        click.echo(f"\ninterrupted{_reason(interrupt)}", err=True)
        sys.exit(130)
    sys.exit(0)


def _reason(interrupt: BaseException) -> str:
    """What an interrupted command has to say, if anything; click hides it behind its own."""
    said = str(interrupt.__cause__ or interrupt)
    return f": {said}" if said else ""
