"""``lstm-se info``: what a model is."""

from __future__ import annotations

import click


@click.command()
@click.argument("model", default="tiny")
def info(model: str) -> None:
    """Tell a model's size, cost, training and scores.

    \b
    Example:
      lstm-se info tiny
    """
    from ..card import describe

    click.echo(describe(model))
