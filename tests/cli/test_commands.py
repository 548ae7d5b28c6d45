"""What the help and the pages tell to type is what the command line takes."""

import re
import shlex
from pathlib import Path

import click
import pytest

from lstm_se.cli.main import commands
from lstm_se.research.run_report import advice

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("*/*.md")]
FENCED = re.compile(r"^```(?:bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def every(group=commands, path=()):
    """Each command with the words that call it, those inside groups too."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(every())
every_command = pytest.mark.parametrize("name", COMMANDS)


def help_lines(name):
    """The help of a command in a narrow terminal, line by line."""
    context = click.Context(COMMANDS[name], info_name=f"lstm-se {name}", terminal_width=60)
    return [line.strip() for line in COMMANDS[name].get_help(context).splitlines()]


def examples(name):
    """Lines of a command's docstring that can be typed."""
    lines = COMMANDS[name].callback.__doc__.splitlines()
    return [line.strip() for line in lines if line.strip().startswith("lstm-se ")]


def typed(path):
    """Lines of a page that call the command line, without what an environment or a shell adds."""
    for block in FENCED.findall(path.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("lstm-se "):
                yield line


def read(line):
    """Let click read a line: an error if a command, an option or a value does not exist."""
    command, words = commands, shlex.split(line, comments=True)[1:]
    try:
        while isinstance(command, click.Group):
            _, command, words = command.resolve_command(click.Context(command), words)
        command.make_context("lstm-se", words)
    except click.exceptions.Exit as end:  # --help and --version
        assert end.exit_code == 0


@every_command
def test_help_keeps_the_lines_of_its_examples(name):
    assert examples(name)
    assert set(examples(name)) <= set(help_lines(name))


@every_command
def test_help_shows_no_mark_of_the_formatter(name):
    assert not any("\\b" in line or "\b" in line for line in help_lines(name))


@every_command
def test_examples_can_be_typed(name):
    for line in examples(name):
        assert line.startswith(f"lstm-se {name}")
        read(line)


@pytest.mark.parametrize("path", [p for p in PAGES if list(typed(p))], ids=lambda path: path.stem)
def test_commands_of_a_page_can_be_typed(path):
    for line in typed(path):
        read(line)


def test_commands_that_a_report_advises_can_be_typed():
    advised = " ".join(advice([{"loss": 1.0, "val_loss": 1.0}], "run"))
    lines = re.findall(r"`(lstm-se [^`]+)`", advised)
    assert len(lines) == 4
    for line in lines:
        read(line)


@pytest.mark.parametrize("line", ["lstm-se enhanse a.wav", "lstm-se bench wings", "lstm-se train"])
def test_a_line_that_cannot_be_typed_is_noticed(line):
    with pytest.raises(click.UsageError):
        read(line)
