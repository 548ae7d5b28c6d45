"""The built book: its folder, its pages, and how they are opened."""

import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build/html"


def pages():
    """Addresses of the pages in the table of contents, below the book's root."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter["file"] for part in contents["parts"] for chapter in part["chapters"]]
    return [f"{file}.html" for file in [contents["root"], *chapters]]


every_page = pytest.mark.parametrize("page", pages())


def settle(browser):
    """Wait for the formulas, and for the theme, which measures 0.3 s after the last change."""
    browser.evaluate("Promise.resolve(window.MathJax?.startup?.promise).then(() => 0)")
    time.sleep(0.5)
