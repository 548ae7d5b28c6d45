"""The drawing of the signal path: boxes that are links, with words that they have room for."""

import re
from pathlib import Path

import pytest

from lstm_se.pages.signal_path import PATH_STAGES, WIDTH, signal_path

LESSONS = {int(path.name[:2]) for path in Path(__file__).parents[2].glob("notebooks/[0-9]*.ipynb")}


@pytest.fixture
def drawing():
    return signal_path(lambda lesson: f"{lesson}.html?a&b")


def boxes():
    return [box for stage in PATH_STAGES for row in stage.rows for box in row]


def test_each_box_leads_to_the_lesson_that_it_names(drawing):
    box = r'<a href="(\d+)\.html\?a&amp;b">.*?>([^<]+)</text>.*?lesson (\d+)<'
    found = re.findall(box, drawing)
    assert [(name, int(lesson)) for _, name, lesson in found] == boxes()
    assert all(linked == lesson for linked, _, lesson in found)
    assert {int(lesson) for _, _, lesson in found} <= LESSONS


def test_readers_who_do_not_see_it_reach_its_links(drawing):
    assert 'role="group"' in drawing and 'role="img"' not in drawing


def test_words_fit_into_their_boxes():
    assert all(6.5 * len(name) <= WIDTH for name, _ in boxes())


def test_boxes_do_not_overlap(drawing):
    frame = r'<a [^>]*><rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"'
    places = [tuple(map(int, place)) for place in re.findall(frame, drawing)]
    assert len(places) == len(boxes())
    for k, (x, y, width, height) in enumerate(places):
        for other_x, other_y, *_ in places[k + 1 :]:
            assert abs(x - other_x) >= width or abs(y - other_y) >= height
