"""The command line, ``lstm-se``: gathers the commands, and ends each with its exit code.

A wrong input ends with one line and exit code 2. The commands themselves lie beside this file.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from typing import NoReturn

import click

from ..interrupts import STOPS
from ..optional import missing
from . import bench, board, data, edit, enhance, evaluate, export, info, live, quantize, train
from .terminal import complain


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="lstm-se", prog_name="lstm-se")
def commands() -> None:
    """Speech denoising with a small LSTM, from noisy WAV files to a microcontroller."""


ENDS = tuple(number for number in STOPS if number != signal.SIGINT)


for command in (
    edit.average_command,
    bench.bench_command,
    board.board_command,
    data.data_command,
    enhance.enhance_command,
    evaluate.evaluate_command,
    export.export_command,
    info.info_command,
    live.live_command,
    edit.prune_command,
    quantize.quantize_command,
    edit.rescale_command,
    train.train_command,
):
    commands.add_command(command)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    for number in ENDS:  # half a file is tidied up
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    warnings.showwarning = lambda message, *_: complain(str(message), "warning")
    try:
        commands.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (ValueError, OSError) as error:
        complain(error)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name not in ("keras", "tensorflow"):
            raise
        complain(missing("tensorflow", "train"))
        sys.exit(2)
    except SystemExit as leaving:
        for number in ENDS:
            if leaving.code == 128 + number:
                # at once: the interpreter would wait for threads of TensorFlow that wait for it
                os._exit(128 + number)
        raise
    except (KeyboardInterrupt, click.Abort) as interrupt:
        reason = str(interrupt.__cause__ or interrupt)  # click hides ours behind its own
        click.echo("\ninterrupted" + (f": {reason}" if reason else ""), err=True)
        sys.exit(130)
    sys.exit(0)
