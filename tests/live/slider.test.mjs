import assert from "node:assert/strict";
import { test } from "node:test";
import { slider } from "../../lstm_se/pages/slider.js";
import { Element, move, range } from "./dom.mjs";

/** A figure with a menu of two and a slider of three positions, woken. */
function figure() {
  const menu = new Element({ selectedIndex: 1, options: [{}, {}] });
  const hop = range(64, 32, 96, ["64 samples", "96 samples", "128 samples"]);
  const pieces = ["<svg d='", ["a64", "a96", "a128", "b64", "b96", "b128"], "'/>"];
  const words = ["0", "1", "2", "3", "<4>", "5"];
  const parts = {
    ".drawing": new Element(), ".words": new Element(),
    ".controls": new Element({ hidden: true }), "input, select": [menu, hop],
  };
  const box = new Element({ dataset: { states: JSON.stringify({ pieces, words }) } }, parts);
  slider(box);
  return { menu, hop, drawing: parts[".drawing"], words: parts[".words"], controls: parts[".controls"] };
}

test("what is shown is what the controls stand at, whoever put them there", () => {
  const { drawing, words } = figure();
  assert.equal(drawing.innerHTML, "<svg d='b96'/>");
  assert.equal(words.textContent, "<4>"); // as text, not as an element
});

test("controls are there as soon as they do something", () => {
  assert.equal(figure().controls.hidden, false);
});

test("the last control changes fastest", () => {
  const { menu, hop, drawing } = figure(), seen = [];
  for (const selectedIndex of [0, 1])
    for (const value of ["64", "96", "128"]) {
      move(menu, { selectedIndex });
      move(hop, { value });
      seen.push(drawing.innerHTML);
    }
  assert.deepEqual(seen, ["a64", "a96", "a128", "b64", "b96", "b128"].map((d) => `<svg d='${d}'/>`));
});

test("a slider says where it stands, to the eye and to a screen reader", () => {
  const { hop } = figure();
  move(hop, { value: "128" });
  assert.equal(hop.attributes["aria-valuetext"], "128 samples");
  assert.equal(hop.nextElementSibling.textContent, "128 samples");
});

test("steps that are no whole numbers are counted right", () => {
  const texts = Array.from({ length: 12 }, (_, k) => `${k}`), tenths = range(-0.3, 0.1, -0.3, texts);
  const words = texts.map((text) => `at ${text}`), caption = new Element();
  const parts = {
    ".drawing": new Element(), ".words": caption, ".controls": new Element(), "input, select": [tenths],
  };
  slider(new Element({ dataset: { states: JSON.stringify({ pieces: [], words }) } }, parts));
  texts.forEach((_, k) => {
    move(tenths, { value: `${(k - 3) / 10}` });
    assert.equal(caption.textContent, words[k]);
  });
});
