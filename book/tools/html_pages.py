"""Makes the built pages light, and gives their controls names that say what is written on them.

A Sphinx extension. Theme and cells leave pages of up to 7 MB; what nobody sees or hears yet waits.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from PIL import Image

SOUNDS = "_sounds"
# What the theme and MyST-NB write, as a pattern, and what stands there instead.
MENDED = {
    # A header with nothing but a second search field, whose hidden buttons the theme's script takes
    # for those that open the side bars on a phone. The scripts want to find it, empty or not.
    '(?s)(<header id="pst-header" class="bd-header).*?(</header>)': r'\1 d-none">\2',
    # Declared twice, which is an error.
    r"(?s)(<script>const THEBE_JS_URL.*?</script>)(.*)\1": r"\1\2",
    # Its style sheet has the icons as a font; this script, 1.5 MB, draws the same ones again.
    r'<script defer src="[^"]*scripts/fontawesome\.js[^"]*"></script>\n?': "",
    # Labels that hide what is written on a control, and words of an icon that its button lacks.
    '<summary aria-label="Toggle hidden content">': "<summary>",
    r'(<button class="[^"]*search-button-field[^>]*) title="Search" aria-label="Search"': r"\1",
    r'(<i class="theme-switch [^>]*) title="[^"]*"': r'\1 aria-hidden="true"',
    '(<div id="pst-primary-sidebar")( class)': r'\1 role="complementary" aria-label="Book"\2',
    # Each word of code in a span of its own, which only says what our style takes back again.
    r'<span class="pre">([^<]*)</span>': r"\1",
    # The theme gives a tab stop to what has this class, while it is too wide and scrolls.
    '(<div class=")(math notranslate)': r"\1pst-scrollable-table-container \2",
}
# The fader plays what stands in the page itself.
PLAYER = re.compile(r'<div id="fader".*?</script>|<audio [^>]*>', re.DOTALL)
SOUND = re.compile(r'src="data:audio/flac;base64,([^"]+)"')
PICTURE = re.compile(r'<img (?![^>]*loading=)[^>]*src="([^":]*_images/[^"]+\.png)"[^>]*>')
OF_A_CELL = re.compile(r"[0-9a-f]{64}\.png")

# MathJax without its menu, a third of it; screen readers get the formulas as MathML.
FORMULAS = {"loader": {"load": ["input/tex", "output/chtml", "a11y/assistive-mml"]}}


def finish(page: str | Path, root: str | Path) -> None:
    """Rewrite one page; done twice it is as done once.

    Args:
        page: HTML file somewhere below ``root``.
        root: Folder of the built book. Sounds of the page get files in a folder of its own.
    """
    page, root = Path(page), Path(root)
    text = before = page.read_text(encoding="utf-8")
    for pattern, replacement in MENDED.items():
        text = re.sub(pattern, replacement, text)
    up = "../" * (len(page.relative_to(root).parts) - 1)
    text = PLAYER.sub(lambda found: _outside(found[0], root / SOUNDS, up + SOUNDS), text)
    text = PICTURE.sub(lambda found: _late(found[0], found[1], page.parent), text)
    if text != before:
        page.write_text(text, encoding="utf-8")


def _outside(player: str, folder: Path, address: str) -> str:
    """A player with its sound in a file that is asked for when somebody plays it."""
    sound = SOUND.search(player)
    if not sound or not player.startswith("<audio"):
        return player
    data = base64.b64decode(sound[1])
    name = hashlib.sha256(data).hexdigest()[:16] + ".flac"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    player = player.replace('preload="metadata"', 'preload="none"')
    return SOUND.sub(f'src="{address}/{name}"', player)


def _late(tag: str, address: str, folder: Path) -> str:
    """A picture that is fetched when it comes near, has its place before, and opens in full."""
    with Image.open(folder / address) as picture:
        width, height = picture.size
    tag = tag.replace("<img ", f'<img loading="lazy" width="{width}" height="{height}" ')
    return f'<a href="{address}">{tag}</a>' if OF_A_CELL.search(address) else tag


def setup(app: Any) -> dict[str, Any]:
    """Connect to Sphinx: the pages are finished when all of them are written."""
    app.config.mathjax_path = "mathjax/startup.js"  # sphinx-mathjax-offline sets it here as well
    app.config.mathjax3_config = FORMULAS
    app.connect("build-finished", _finish_all)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _finish_all(app: Any, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        root = Path(app.outdir)
        for page in [*root.glob("*.html"), *root.glob("*/*.html")]:
            finish(page, root)
