"""Whole training runs by name: every choice in one place.

What a network computes and how it learns stands in its preset, what it hears in
:class:`lstm_se.corpora.mixing.Recipe`. Here stands the rest: for how long, and from which material.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from ..corpora import open_material
from .fit import Schedule
from .sources import Sources, name_of


@dataclass(frozen=True)
class TrainingRecipe:
    """A training run that anybody can do again.

    Attributes:
        preset: What is trained.
        changes: ``FIELD=VALUE`` each, of the preset.
        epochs: For how long.
        rescale: Slope and shift of the mask in the weights that are kept, see
            :func:`lstm_se.network.edit.rescale`.
        steps: Batches in an epoch.
    """

    preset: str
    changes: tuple[str, ...]
    epochs: int
    rescale: tuple[float, float] | None = None
    steps: int = 500

    def schedule(self, epochs: int | None = None, steps: int | None = None) -> Schedule:
        """How long to train, or a shorter try; the rate falls to its end in either.

        It never stops early: while the rate is high, the validation loss may stand still for many
        epochs.
        """
        epochs = epochs or self.epochs
        return Schedule(epochs, steps or self.steps, VALIDATION_STEPS, patience=epochs)

    def sources(self, material: Path) -> Sources:
        """What it is trained on: a folder of ``lstm-se data open``, and the talkers of ``mini``.

        Raises:
            FileExistsError: If the folder holds another corpus.
            FileNotFoundError: If it holds none.
        """
        command = f"lstm-se data open --root {material}"
        if not (material / "SOURCES.csv").is_file():
            raise FileNotFoundError(
                f"{material} holds no open material: bring it there with {command}"
            )
        wanted, lacking = open_material.count(material)
        if lacking:
            warnings.warn(
                f"{material} lacks {lacking:,} of {wanted:,} files, and another network will come "
                f"out: {command} brings them",
                stacklevel=2,
            )
        parts = "speech", "noise", "validation_speech", "validation_noise"
        return Sources((Path("mini"),), *((material / part,) for part in parts))

    def words(self, material: Path) -> list[str]:
        """Options of ``lstm-se train`` that ask for it."""
        return ["--recipe", self.preset, "--data", name_of(material)]


VALIDATION_STEPS = 12  # 96 clips, after each epoch
RECIPES = {
    recipe.preset: recipe
    for recipe in (
        # the loss is content with less suppression than listeners: the two numbers are by PESQ
        TrainingRecipe("tiny", ("learning_rate=0.006",), epochs=150, rescale=(0.9, -0.6)),
        TrainingRecipe("bandwise", ("learning_rate=0.012",), epochs=90, rescale=(0.9, -0.3)),
    )
}


def recipe_of(name: str) -> TrainingRecipe:
    """Look a recipe up.

    Raises:
        ValueError: If there is none of this name.
    """
    if name not in RECIPES:
        raise ValueError(f"no recipe {name!r}: choose one of {', '.join(RECIPES)}")
    return RECIPES[name]
