"""What it costs to open a page for the first time, from a server on the same machine.

The seconds are measured, but not tested: ``pytest --junitxml FILE`` writes them down.
"""

import statistics

import pytest
from built import pages, settle

LARGEST = 3_000_000
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"  # ms


def received(browser):
    """Bytes that came over the network since the page was opened."""
    sent = browser.named("Network.requestWillBeSent")
    asked = {one["requestId"] for one in sent if one["request"]["url"].startswith("http")}
    finished = browser.named("Network.loadingFinished")
    return sum(one["encodedDataLength"] for one in finished if one["requestId"] in asked)


@pytest.fixture(scope="module", params=pages())
def opened(request, browser, site, record_testsuite_property):
    """Bytes and errors; the seconds are the middle of three times, since other work disturbs."""
    browser.call("Network.setCacheDisabled", cacheDisabled=True)
    seconds = []
    for _ in range(3):
        browser.open(site + request.param)
        browser.wait(f"{LOADED} > 0")
        seconds.append(browser.evaluate(LOADED) / 1000)
    record_testsuite_property(request.param, statistics.median(seconds))
    settle(browser)
    browser.call("Network.setCacheDisabled", cacheDisabled=False)
    return received(browser), browser.complaints()


def test_page_is_light(opened):
    assert opened[0] < LARGEST


def test_scripts_of_the_page_run_without_an_error(opened):
    assert opened[1] == []


def test_player_shows_its_length_when_it_comes_near(browser, site):
    browser.open(site + pages()[0])
    player = "document.querySelector('main audio[src*=_sounds]')"
    browser.evaluate(f"{player}.scrollIntoView()")
    browser.wait(f"{player}.duration > 0.2")
