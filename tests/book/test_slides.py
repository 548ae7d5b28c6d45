"""Slides show what a lesson shows, and leave the talking to the teacher."""

import base64
import sys

import pytest
import slides
from bs4 import BeautifulSoup
from PIL import Image

from lstm_se.pages.slider import script

PAGE = """<html><head><title>5. Bands — The book</title></head><body><article>
<section id="bands"><h1>5. Bands<a class="headerlink" href="#bands">#</a></h1>
<p><em>A promise.</em></p><p>And a chat.</p>{}</section></article>
<p class="component-author">By the authors</p></body></html>"""
PICTURE = (
    '<a href="../_images/a.png"><img alt="two hills" loading="lazy" src="../_images/a.png"/></a>'
)
SOUND = '<div class="output text_html"><audio preload="none" src="../_sounds/a.flac"></audio></div>'
FOLDED = '<details class="admonition hide above-input"><summary>Show</summary>{}</details>'
CHOICE = '<details class="sd-dropdown quiz"><summary>{}</summary><p>Why.</p></details>'
ANSWER = '<details class="sd-dropdown"><summary>Answer</summary><p>Forty-two.</p></details>'


def code(lines, name="x"):
    text = "\n".join(f"{name}{line}" for line in range(lines))
    return f'<div class="cell_input"><pre>{text}\n</pre></div>'


def cell(code="", *outputs):
    return f'<div class="cell">{code}<div class="cell_output">{"".join(outputs)}</div></div>'


def section(content, heading="5.1 Listen first"):
    return f"<section><h2>{heading}</h2><p>Prose.</p>{content}</section>"


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A built book of one lesson, which is written by what the fixture gives."""
    html = tmp_path / "html"
    for folder in ("notebooks", "_images", "_sounds", "_static/mathjax"):
        (html / folder).mkdir(parents=True)
    Image.new("RGB", (60, 20)).save(html / "_images/a.png")
    (html / "_sounds/a.flac").write_bytes(b"sound")
    (html / "_static/pygments.css").write_text('html[data-theme="light"] .k { color: red }\n')
    (html / slides.FORMULAS).write_text("// formulas")
    monkeypatch.setattr(slides, "BUILT", html)

    def write(*sections):
        page = html / "notebooks/05_bands.html"
        page.write_text(PAGE.format("".join(sections)), encoding="utf-8")
        return page

    return write


@pytest.fixture
def shown(book):
    """Slides of a lesson with these sections, without the first one, which has the title."""

    def make(*sections):
        deck = BeautifulSoup(slides.deck(book(*sections)), "html.parser")
        return deck.select(".slide")[1:]

    return make


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["slides.py", *arguments])
    slides.main()


def test_first_slide_has_the_title_the_promise_and_whom_to_name(book):
    deck = BeautifulSoup(slides.deck(book()), "html.parser")
    lines = deck.select(".slide")[0].get_text("\n", strip=True).split("\n")
    assert lines == ["5. Bands", "A promise.", "The book · By the authors"]


def test_section_without_its_prose(shown):
    (slide,) = shown(section(cell(code(2))))
    assert slide.get_text(" ").split() == ["5.1", "Listen", "first", "x0", "x1"]


def test_picture_comes_along_with_its_words(shown):
    picture = shown(section(cell("", PICTURE)))[0].img
    assert picture["alt"] == "two hills"
    assert picture["src"].startswith("data:image/png;base64,")


def test_sound_comes_along_bit_for_bit(shown):
    player = shown(section(cell("", SOUND)))[0].audio
    assert base64.b64decode(player["src"].partition("base64,")[2]) == b"sound"


def test_script_is_what_it_was(shown):
    moved = f'<div class="output text_html"><div class="slider"></div>{script("slider")}</div>'
    assert script("slider") in str(shown(section(cell("", moved)))[0])


def test_two_pictures_get_two_slides_of_one_heading(shown):
    headings = [slide.h2.text for slide in shown(section(cell("", PICTURE, PICTURE)))]
    assert headings == ["5.1 Listen first"] * 2


def test_sound_stays_with_its_picture(shown):
    assert len(shown(section(cell("", SOUND, PICTURE)))) == 1


@pytest.mark.parametrize("lines, there", [(15, True), (16, False)])
def test_code_is_shown_up_to_fifteen_lines(shown, lines, there):
    (slide,) = shown(section(cell(code(lines))))
    assert bool(slide.select("pre")) == there


def test_of_several_cells_the_longest_that_fits_is_shown(shown):
    (slide,) = shown(section(cell(code(2)) + cell(code(4, "y")) + cell(code(20, "z"))))
    assert slide.pre.text.split() == ["y0", "y1", "y2", "y3"]


def test_folded_code_stays_in_the_book(shown):
    (slide,) = shown(section(cell(FOLDED.format(code(3)), PICTURE)))
    assert not slide.select("pre") and slide.img


def test_formula_of_a_folded_answer_is_not_given_away(shown):
    answer = ANSWER.replace("<p>", '<div class="math">x</div><p>')
    (slide,) = shown(section(cell(code(2)) + answer))
    assert not slide.select(".math")


def test_licence_of_a_sound_is_shown(shown):
    (slide,) = shown(section(cell("", SOUND) + "<p><em>Speech: Ada, CC BY 4.0.</em></p>"))
    assert slide.select(".credit")[0].text == "Speech: Ada, CC BY 4.0."


def test_quick_check_gets_a_slide_after_its_section(shown):
    question = "<p><strong>Quick check.</strong> Which?</p>"
    found = shown(section(cell(code(2)) + question + CHOICE.format("A") + CHOICE.format("B")))
    assert [len(slide.select("details")) for slide in found] == [0, 2]
    assert found[1].p.text == "Quick check. Which?"


@pytest.mark.parametrize(
    "questions",
    [
        f"<ol><li><p>Why?</p>{ANSWER}</li><li><p>How?</p>{ANSWER}</li></ol>",
        f'<ol><li><p>Why?</p></li></ol>{ANSWER}<ol start="2"><li><p>How?</p></li></ol>{ANSWER}',
    ],
    ids=["answer in its item", "answer after its list"],
)
def test_every_question_has_its_number_and_its_folded_answer(shown, questions):
    found = shown(section(questions, "Check your understanding"))
    assert [slide.li["value"] for slide in found] == ["1", "2"]
    assert [slide.li.p.text for slide in found] == ["Why?", "How?"]
    assert all(len(slide.select("details:not([open])")) == 1 for slide in found)


def test_what_to_keep_ends_the_lesson(shown):
    keep = section("<ul><li><p>This.</p></li></ul>", "What to keep")
    (slide,) = shown(section(cell(code(2)), "Exercises"), keep, section("", "References"))
    assert slide.get_text(" ", strip=True) == "What to keep This."


def test_command_writes_a_file_and_what_draws_its_formulas(book, tmp_path, monkeypatch, capsys):
    book()
    command(monkeypatch, "05", "--out", str(tmp_path / "stick"))
    written = {path.name for path in (tmp_path / "stick").iterdir()}
    assert written == {"05_bands.html", "tex-svg.js"}
    assert capsys.readouterr().out == f"{tmp_path / 'stick/05_bands.html'}\n"


def test_lesson_that_is_not_there_is_named(book, monkeypatch):
    book()
    with pytest.raises(SystemExit, match="^error: no lesson 31: choose from 05 to 05$"):
        command(monkeypatch, "31")


def test_book_that_is_not_built_is_asked_for(book, monkeypatch):
    with pytest.raises(SystemExit, match="run `make book` first$"):
        command(monkeypatch, "05")
