"""A switch between versions of one sound that play in step: an ear compares best at once."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..sound.audio import SAMPLE_RATE, active_level_dbfs, frame_power
from . import players, slider

GROUP_STYLE = "border: 0; margin: 0 0 0.5rem; padding: 0"
LEGEND_STYLE = "font-size: inherit; margin: 0; padding: 0; float: none; width: auto"
CHOICE_STYLE = "display: inline-block; margin: 0 1rem 0 0; padding: 0.3rem 0"
FADE_SECONDS = 0.01  # at both ends: the sound is repeated


def switch(
    sounds: Mapping[str, np.ndarray],
    rate: int = SAMPLE_RATE,
    start: str | None = None,
) -> Any:
    """One player for several versions of a sound, which a reader switches while it plays.

    Write ``switch({"noisy": noisy, "mse": enhanced, "clean": clean})`` as the last line of a cell,
    and tag that cell ``nbval-ignore-output``.

    All versions run together and are repeated; only the chosen one is heard. A checkbox, ticked at
    first, makes them equally loud: then all are played at the active level of the quietest. A page
    can have as many switches as it likes. No kernel is needed; without JavaScript there is a player
    for each version.

    Args:
        sounds: Name of each version to its samples, shape ``(samples,)``, all of one length;
            clipped at full scale.
        rate: Samples a second.
        start: Name of the version that is heard first; the first one if not given.

    Returns:
        The player, as HTML for a notebook.

    Raises:
        ValueError: If there are fewer than two versions, their lengths differ, or none has the name
            ``start``.
    """
    from IPython.display import HTML

    first = _checked(sounds, start)
    seam = max(1, round(FADE_SECONDS * rate))
    ready = {name: players.faded(np.asarray(sound), seam) for name, sound in sounds.items()}
    row = players.row(ready.items(), rate)
    group = "switch-" + hashlib.sha256(row.encode()).hexdigest()[:12]
    choices = "\n".join(_choice(name, group, name == first) for name in ready)
    return HTML(
        f'<div class="switcher" data-gains="{json.dumps(matching_db(ready))}">\n'
        f'<div class="controls" hidden>\n<fieldset style="{GROUP_STYLE}">'
        f'<legend style="{LEGEND_STYLE}">Listen to</legend>\n{choices}\n</fieldset>\n'
        '<button type="button">Play</button> &emsp;'
        '<label><input type="checkbox" checked> equally loud</label></div>\n'
        f"{row}</div>\n{slider.script('switcher')}"
    )


def matching_db(sounds: Mapping[str, np.ndarray]) -> list[float]:
    """Gain of each version, in dB, at which all have the active level of the quietest.

    None is above 0 dB, so that nothing clips. Silence is left alone.

    Args:
        sounds: As :func:`switch` takes them.
    """
    audible = {name for name, sound in sounds.items() if frame_power(sound).max() > 0}
    levels = {name: active_level_dbfs(sounds[name]) for name in audible}
    return [round(min(levels.values()) - levels[n], 2) if n in levels else 0.0 for n in sounds]


def _checked(sounds: Mapping[str, np.ndarray], start: str | None) -> str:
    """Name of the version to begin with, if the versions fit together."""
    lengths = {name: len(sound) for name, sound in sounds.items()}
    if len(lengths) < 2:
        raise ValueError(f"{len(lengths)} version to switch between: give two or more")
    if len({*lengths.values()}) > 1:
        raise ValueError(f"versions of different lengths cannot play in step: {lengths}")
    first = next(iter(sounds)) if start is None else start
    if first not in sounds:
        raise ValueError(f"no version is called {first}: choose one of {[*sounds]}")
    return first


def _choice(name: str, group: str, chosen: bool) -> str:
    """One of the names to choose from."""
    return (
        f'<label style="{CHOICE_STYLE}"><input type="radio" name="{group}"'
        f"{' checked' if chosen else ''}> {html.escape(name)}</label>"
    )
