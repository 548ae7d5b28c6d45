"""The command line, ``lstm-se``: gathers the commands, and ends each with its exit code.

A wrong input ends with one line and exit code 2. The commands themselves lie beside this file.
"""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

import click

from .bench import bench_command
from .data import data_command
from .edit import average_command, prune_command, rescale_command
from .enhance import enhance_command
from .evaluate import evaluate_command
from .export import export_command
from .info import info_command
from .quantize import quantize_command
from .terminal import complain
from .train import train_command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="lstm-se", prog_name="lstm-se")
def commands() -> None:
    """Speech denoising with a small LSTM, from noisy WAV files to a microcontroller."""


for command in (
    average_command,
    bench_command,
    data_command,
    enhance_command,
    evaluate_command,
    export_command,
    info_command,
    prune_command,
    quantize_command,
    rescale_command,
    train_command,
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
        complain(error)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort) as interrupt:
        click.echo(f"\ninterrupted{_reason(interrupt)}", err=True)
        sys.exit(130)
    sys.exit(0)


def _reason(interrupt: BaseException) -> str:
    """What an interrupted command has to say, if anything; click hides it behind its own."""
    reason = str(interrupt.__cause__ or interrupt)
    return f": {reason}" if reason else ""
