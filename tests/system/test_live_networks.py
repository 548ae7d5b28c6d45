"""The live page with a network of the reader's own, beside the one that it ships."""

import numpy as np
import pytest
from controls import (
    COUNTED,
    HOP,
    Server,
    address,
    again,
    alive,
    bits_of_numpy,
    choose,
    click,
    denoised_by_command,
    download,
    hops,
    move,
    ready,
    samples,
    started,
    stopped,
    text,
)

from lstm_se.chip import export, quantize
from lstm_se.network import pretrained

FADE = 320  # samples in which the page goes from one network to the other


@pytest.fixture(scope="module")
def other_model(other):
    found = pretrained.load_float(other)
    return quantize.quantize(found.weights, found.config)


def heard(page):
    """Place of the network that is chosen."""
    return page.evaluate("Number(document.getElementById('network-1').checked)")


def give_network(page, folder):
    page.give_file(folder / "other.wasm", "module")
    page.wait("document.getElementById('network-1').checked")


def test_own_network_denoises_with_the_bits_of_the_command(each_page, other, other_model, tmp_path):
    page = each_page
    before, asked = len(page.requests()), len(Server.asked)
    choose(page, samples(page)[0])
    give_network(page, other)
    assert text(page, "status") == "other.wasm passed its self-test and is chosen."
    assert text(page, "network-1-name") == f"other, model {export.sha256(other_model)[:12]}"
    assert export.sha256(other_model)[:12] in text(page, "code")
    for place, options in ((1, ["--model", str(other)]), (0, [])):
        click(page, f"network-{place}")
        click(page, "whole")
        page.wait(f"document.querySelectorAll('#results article').length === {2 - place}")
        noisy, denoised = download(page)
        np.testing.assert_array_equal(denoised, denoised_by_command(noisy, tmp_path, *options))
    assert page.requests()[before:] == [] and Server.asked[asked:] == []
    assert page.complaints() == []


def test_change_while_sound_runs_goes_from_bits_to_bits(each, port, model, other, other_model):
    page = ready(each, address(port, "?rate=16000"))
    choose(page, samples(page)[0])
    started(page)
    move(page, "limit", 20)
    give_network(page, other)
    click(page, "network-0")
    hops(page, 10)  # until that change is over
    click(page, "record")
    hops(page, 60)
    click(page, "network-1")
    hops(page, 60)
    click(page, "record")
    noisy, denoised = download(page)
    stopped(page)
    first, second = (bits_of_numpy(network, noisy, 20) for network in (model, other_model))
    change = np.flatnonzero(denoised != first)[0]
    assert 20 * HOP < change < len(noisy) - 20 * HOP
    np.testing.assert_array_equal(denoised[change + FADE : -HOP], second[change + FADE : -HOP])
    assert np.abs(first.astype(int) - second).max() > 1000
    assert page.complaints() == []


def test_network_taken_while_sound_runs_is_heard_when_it_has_heard_something(
    each, port, model, other, other_model
):
    """It begins with silence: heard at once, it would be a gap."""
    page = ready(each, address(port, "?rate=16000"))
    choose(page, samples(page)[0])
    started(page)
    move(page, "limit", 20)
    click(page, "record")
    hops(page, 40)
    give_network(page, other)
    hops(page, 60)
    click(page, "record")
    noisy, denoised = download(page)
    stopped(page)
    change = np.flatnonzero(denoised != bits_of_numpy(model, noisy, 20))[0]
    after = denoised[change + FADE : -HOP]
    first_heard = [
        hop
        for hop in range(change // HOP - 20, change // HOP + 2)
        if np.array_equal(
            after, bits_of_numpy(other_model, noisy[hop * HOP :], 20)[-HOP - len(after) : -HOP]
        )
    ]
    assert len(after) > 20 * HOP and len(first_heard) == 1
    assert change // HOP - first_heard[0] in (7, 8, 9)


def damaged(folder, _):
    code = bytearray((folder / "other.wasm").read_bytes())
    code[-10_000] ^= 4  # among the weights
    return bytes(code)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lambda *_: b"no module at all", "is no WebAssembly module, or a damaged one"),
        (damaged, "fails its self-test and may be damaged"),
        (lambda _, shipped: shipped.read_bytes(), "is tiny, which is here already"),
    ],
    ids=["text", "damaged", "same"],
)
def test_faulty_file_is_refused_and_the_network_goes_on(
    content, why, each_page, other, shipped, tmp_path
):
    page = each_page
    (tmp_path / "mine.wasm").write_bytes(content(other, shipped))
    choose(page, samples(page)[0])
    started(page)
    page.give_file(tmp_path / "mine.wasm", "module")
    page.wait("!document.getElementById('message').hidden")
    assert text(page, "message").startswith(f"mine.wasm {why}: ")
    assert text(page, "status").startswith("Running")
    assert page.evaluate("document.getElementById('network-1').disabled")
    click(page, "record")
    hops(page, 40)
    click(page, "record")
    noisy, denoised = download(page)
    stopped(page)
    aligned = denoised_by_command(noisy, tmp_path)
    np.testing.assert_array_equal(denoised[:-HOP], aligned[:-HOP])
    give_network(page, other)  # and the next file is taken
    assert page.evaluate("document.getElementById('message').hidden")
    assert page.complaints() == []


def test_network_can_be_dropped_on_the_page(each_page, other):
    page = each_page
    code = list((other / "other.wasm").read_bytes())
    page.evaluate(
        "(() => { const data = new DataTransfer();"
        f" data.items.add(new File([new Uint8Array({code})], 'dropped.wasm'));"
        " const drop = { dataTransfer: data, bubbles: true, cancelable: true };"
        " document.body.dispatchEvent(new DragEvent('drop', drop)); })()"
    )
    page.wait("document.getElementById('network-1').checked")
    assert text(page, "network-1-name").startswith("dropped, model ")


def test_new_start_keeps_the_network(each, port, other, other_model):
    page = ready(each, address(port, "?rate=16000"))
    choose(page, samples(page)[0])
    give_network(page, other)
    started(page)
    page.evaluate(
        "const Own = AudioWorkletNode; globalThis.renewed = false;"
        "globalThis.AudioWorkletNode = class extends Own {"
        " constructor(...given) { super(...given); renewed = true; } }; 0"
    )
    again(page)
    assert page.evaluate("renewed")
    click(page, "record")
    hops(page, 40)
    stopped(page)
    noisy, denoised = download(page)
    assert heard(page) == 1
    np.testing.assert_array_equal(denoised[:-HOP], bits_of_numpy(other_model, noisy)[:-HOP])


UNREAD = """
const own = MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (message, ...more) {
  if (!(message.second instanceof WebAssembly.Module)) return own.call(this, message, ...more);
  globalThis.refused = true;
  this.onmessage({ data: { unread: true } });
};"""


def test_browser_that_passes_no_compiled_module_on_gets_its_bytes(each, port, other, other_model):
    with each.prepared(UNREAD):
        page = ready(each, address(port, "?rate=16000"))
    choose(page, samples(page)[0])
    started(page)
    give_network(page, other)
    assert page.evaluate("refused")
    hops(page, 30)
    click(page, "record")
    hops(page, 40)
    stopped(page)
    noisy, denoised = download(page)
    np.testing.assert_array_equal(denoised[:-HOP], bits_of_numpy(other_model, noisy)[:-HOP])


def test_taking_networks_and_changing_between_them_leaks_nothing(browser, port, other):
    with browser.prepared(COUNTED):
        page = ready(browser, address(port))
    choose(page, samples(page)[0])
    started(page)

    def cycle(times):
        for _ in range(times):
            click(page, "network-0")
            give_network(page, other)
            hops(page, 4)
        return page.heap()

    before = cycle(5)
    after = cycle(20)
    left = alive(page)
    stopped(page)
    assert after - before < 0.5e6
    assert left["Instance"] == 4  # two for each of two networks
    assert (left["AudioContext"], left["AudioWorkletNode"]) == (1, 1)
    assert page.complaints() == []
