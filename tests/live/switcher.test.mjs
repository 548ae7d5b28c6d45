import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { switcher } from "../../lstm_se/pages/switcher.js";
import { Element, move } from "./dom.mjs";

let contexts, sources, gains, fetched;

class Node {
  connect(to) {
    this.to = to;
    return to;
  }
}

class Gain extends Node {
  constructor(context, { gain }) {
    super();
    this.gain = { asked: [gain], setTargetAtTime: (value) => this.gain.asked.push(value) };
    gains.push(this);
  }
}

class Source extends Node {
  constructor(context, options) {
    super();
    Object.assign(this, options);
    sources.push(this);
  }
  start(begin) {
    this.begin = begin;
  }
}

class Context {
  currentTime = 2;
  state = "running";
  destination = new Node();
  constructor() {
    contexts.push(this);
  }
  async decodeAudioData(bytes) {
    return Buffer.from(bytes).toString();
  }
  resume() {
    this.state = "running";
  }
  suspend() {
    this.state = "suspended";
  }
}

beforeEach(() => {
  contexts = [];
  sources = [];
  gains = [];
  fetched = [];
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.window = { AudioContext: Context };
  Object.assign(globalThis, { AudioContext: Context, GainNode: Gain, AudioBufferSourceNode: Source });
  globalThis.fetch = async (address) => {
    fetched.push(address);
    if (address.startsWith("file:")) throw new TypeError("not allowed");
    return new Response("from a file");
  };
});

const embedded = (sound) => `data:audio/flac;base64,${btoa(sound)}`;

/** A switch of two versions, the first one chosen; `click` waits for what the button starts. */
function awake(addresses = [embedded("noisy"), embedded("clean")]) {
  const players = addresses.map((src) => new Element({ src, focus: () => (players.focused = true) }));
  const choices = [new Element({ checked: true }), new Element({ checked: false })];
  const matched = new Element({ checked: true }), button = new Element({ textContent: "Play" });
  const controls = new Element({ hidden: true }), row = new Element({ style: { display: "flex" } });
  const inside = { audio: players, "[type=radio]": choices, "[type=checkbox]": matched, button };
  Object.assign(inside, { ".controls": controls, ".listen": row });
  switcher(new Element({ dataset: { gains: "[-6, 0]" } }, inside));
  const click = async () => {
    button.dispatchEvent(new Event("click"));
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  };
  const choose = (place) => {
    choices.forEach((choice, other) => (choice.checked = other === place));
    move(choices[place], {});
  };
  return { players, matched, button, controls, row, click, choose };
}

/** Where the gains of the versions, and of all of them, are heading. */
const heading = () => {
  const [volume, ...versions] = gains.map((node) => node.gain.asked.at(-1));
  return { volume, versions };
};
const quieter = 10 ** (-6 / 20);

test("nothing sounds, and nothing is fetched, before somebody plays", () => {
  const { button, choose, controls, row } = awake();
  choose(1);
  assert.deepEqual([button.textContent, controls.hidden, row.style.display], ["Play", false, "none"]);
  assert.deepEqual([contexts, fetched], [[], []]);
});

test("all versions begin together and are repeated, each through its own gain", async () => {
  await awake().click();
  const [volume, ...versions] = gains;
  assert.deepEqual(
    sources.map(({ buffer, loop, begin, to }) => [buffer, loop, begin, versions.indexOf(to), to.to]),
    [["noisy", true, 2.1, 0, volume], ["clean", true, 2.1, 1, volume]],
  );
  assert.equal(volume.to, contexts[0].destination);
});

test("only the chosen version is heard, at the matched level", async () => {
  const { click, choose } = awake();
  await click();
  assert.deepEqual(heading(), { volume: 1, versions: [quieter, 0] });
  choose(1);
  assert.deepEqual(heading(), { volume: 1, versions: [0, 1] });
});

test("without matching, a version has the level that it came with", async () => {
  const { click, matched } = awake();
  await click();
  move(matched, { checked: false });
  assert.deepEqual(heading().versions, [1, 0]);
});

test("a choice made before the first sound is heeded", async () => {
  const { click, choose } = awake();
  choose(1);
  await click();
  assert.deepEqual(heading().versions, [0, 1]);
});

test("stop fades out and then lets the device rest; play goes on with the same sounds", async () => {
  const { button, click } = awake();
  await click();
  assert.deepEqual([button.textContent, heading().volume], ["Stop", 1]);
  await click();
  assert.deepEqual([button.textContent, heading().volume], ["Play", 0]);
  assert.equal(contexts[0].state, "running"); // while it fades
  mock.timers.tick(200);
  assert.equal(contexts[0].state, "suspended");
  await click();
  assert.deepEqual([contexts[0].state, contexts.length, sources.length], ["running", 1, 2]);
});

test("who plays again at once is not cut off", async () => {
  const { click } = awake();
  for (let time = 0; time < 3; time++) await click();
  mock.timers.tick(1000);
  assert.equal(contexts[0].state, "running");
});

test("sounds that the built book keeps in files are fetched", async () => {
  await awake(["http://book/a.flac", embedded("clean")]).click();
  assert.deepEqual(fetched, ["http://book/a.flac"]);
  assert.deepEqual(sources.map(({ buffer }) => buffer), ["from a file", "clean"]);
});

test("where files cannot be fetched, the players come back", async () => {
  const { click, controls, row, players } = awake(["file:///a.flac", "file:///b.flac"]);
  await click();
  assert.deepEqual([controls.hidden, row.style.display, players.focused], [true, "flex", true]);
});

test("players stay where a browser cannot mix", () => {
  globalThis.window = {};
  const { controls, row } = awake();
  assert.deepEqual([controls.hidden, row.style.display], [true, "flex"]);
});
