"""Every page for people who do not see it, use no mouse, or print it; closed parts are opened."""

import re

import axe
import pytest
from built import HTML, every_page, pages, settle

# Both themes and both widths for every page; the rest of the four once, for the side bars.
SCREENS = [("light", 1280), ("dark", 390)]
VISITS = [(page, *screen) for page in pages() for screen in SCREENS]
VISITS += [(pages()[0], "dark", 1280), (pages()[0], "light", 390)]
OPEN = """
document.querySelectorAll("details").forEach((part) => { part.open = true; });
document.querySelectorAll(".sd-tab-set > input").forEach((tab) => tab.click())"""
# What is wider than its frame, and has no tab stop, nor anything in it that has.
OUT_OF_REACH = """
[...document.querySelectorAll("main *")].filter((element) =>
  /auto|scroll/.test(getComputedStyle(element).overflowX) &&
  element.scrollWidth > element.clientWidth && element.tabIndex < 0 &&
  !element.querySelector("a[href], button, input, select")
).map((element) => element.outerHTML.slice(0, 100))"""


def article(page):
    """HTML of what a page has of its own."""
    text = (HTML / page).read_text(encoding="utf-8")
    return text[text.index('<article class="bd-article"') : text.rindex("</article>")]


def opened(browser, address):
    browser.open(address)
    browser.evaluate(OPEN)
    settle(browser)


@pytest.mark.parametrize(("page", "theme", "width"), VISITS)
def test_checker_finds_nothing_serious(page, theme, width, browser, site, tools):
    with browser.screen(theme, width):
        opened(browser, site + page)
        assert axe.serious(axe.findings(browser, tools)) == []


@every_page
def test_what_scrolls_on_a_phone_can_be_reached_with_the_keyboard(page, browser, site):
    with browser.screen("light", 390):
        opened(browser, site + page)
        assert browser.evaluate(OUT_OF_REACH) == []


@every_page
def test_headings_begin_with_the_title_and_leave_out_no_level(page):
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", article(page))]
    assert levels[0] == 1 and 1 not in levels[1:]
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))


@every_page
def test_every_player_stands_below_its_caption(page):
    players = re.findall(r"<audio\b", article(page))
    caption = r"<figcaption[^>]*>[^<]*\w[^<]*</figcaption>\s*<audio\b"
    assert len(re.findall(caption, article(page))) == len(players)


def test_paper_is_white_below_a_dark_screen(browser, site):
    with browser.screen("dark", 1280):
        browser.open(site + pages()[0])
        theme = "document.documentElement.dataset.theme"
        assert browser.evaluate(f"dispatchEvent(new Event('beforeprint')), {theme}") == "light"
        assert browser.evaluate(f"dispatchEvent(new Event('afterprint')), {theme}") == "dark"


@pytest.mark.parametrize("bar", ["primary", "secondary"])
def test_button_opens_the_side_bar_on_a_phone(bar, browser, site):
    with browser.screen("light", 390):
        browser.open(site + pages()[0])
        buttons = f"[...document.querySelectorAll('.{bar}-toggle')]"
        browser.evaluate(f"{buttons}.find((button) => button.checkVisibility()).click()")
        assert browser.evaluate(f"document.getElementById('pst-{bar}-sidebar-modal').open")
