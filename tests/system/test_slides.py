"""Slides of one lesson, opened from a disk in Chromium: all can be seen, and heard."""

import sys

import pytest
import slides

LESSON = "10"  # formulas, figures, sliders, and switches between sounds
AT = """[...document.querySelectorAll(".slide")]
    .findIndex((slide) => Math.abs(slide.getBoundingClientRect().top) < 2)"""
# Before a page loads: counts the sounds that it starts.
COUNT = """window.started = 0;
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when) {
  window.started++;
  start.call(this, when);
};"""


@pytest.fixture(scope="module")
def deck(tmp_path_factory):
    """Address of the slides, in a folder with nothing of the book around it."""
    folder = tmp_path_factory.mktemp("stick")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["slides.py", LESSON, "--out", str(folder)])
        slides.main()
    (page,) = folder.glob("*.html")
    return page.as_uri()


@pytest.fixture
def opened(browser, deck):
    """The slides on a projector's screen, with their formulas drawn."""
    with browser.prepared(COUNT), browser.screen("light", 1280):
        browser.open(deck)
        browser.wait("document.querySelectorAll('mjx-container').length > 0")
        yield browser
    browser.open("about:blank")


def test_no_slide_is_wider_than_the_screen(opened):
    widths = "[...document.querySelectorAll('.slide')].map((slide) => slide.scrollWidth)"
    assert max(opened.evaluate(widths)) <= 1280


def test_every_picture_is_drawn(opened):
    pictures = "[...document.images].map((picture) => picture.naturalWidth)"
    assert min(opened.evaluate(pictures)) > 0


def test_arrow_keys_show_every_slide_to_its_end(opened):
    """One press a slide, or several where it is taller than the screen, until the last one."""
    count = opened.evaluate("document.querySelectorAll('.slide').length")
    seen = [opened.evaluate(AT)]
    for _ in range(5 * count):
        opened.press("ArrowDown")
        seen.append(opened.evaluate(AT))
        if seen[-1] == count - 1:
            break
    assert [place for place in seen if place >= 0] == list(range(count))
    opened.press("ArrowLeft")
    assert opened.evaluate(AT) == count - 2


def test_arrow_keys_on_a_slider_move_the_slider(opened):
    opened.evaluate("document.querySelector('.slider input').focus()")
    before = opened.evaluate("[scrollY, document.querySelector('.slider .words').textContent]")
    opened.press("ArrowLeft")
    after = opened.evaluate("[scrollY, document.querySelector('.slider .words').textContent]")
    assert after[0] == before[0] and after[1] != before[1]


def test_switch_plays_without_a_server(opened):
    opened.evaluate("document.querySelector('.switcher button').click()")
    opened.wait(
        "started === document.querySelectorAll('.switcher')[0].querySelectorAll('audio').length"
    )


def test_nothing_is_asked_for_but_what_draws_the_formulas(opened, deck):
    script = deck.rpartition("/")[0] + "/tex-svg.js"
    assert opened.requests() == [deck, script]
