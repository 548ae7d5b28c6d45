import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { fader } from "../../lstm_se/pages/fader.js";
import { Element, move, range } from "./dom.mjs";

let contexts, sources, gains;

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
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.document = { createElement: () => new Element() };
  globalThis.window = { AudioContext: Context };
  Object.assign(globalThis, { AudioContext: Context, GainNode: Gain, AudioBufferSourceNode: Source });
});

const player = (sound) =>
  new Element({ src: `data:audio/flac;base64,${btoa(sound)}`, focus: () => (player.focused = sound) });

/** A fader that stands at 5 dB of -5 to 20 dB; `click` waits for what the button starts. */
function awake() {
  const input = range(-5, 2.5, 5, []), controls = new Element();
  const listen = new Element({ style: { display: "flex" } });
  const audio = [player("speech"), player("noise")];
  fader(new Element({}, { input, audio, ".controls": controls, ".listen": listen }));
  const [button] = controls.before;
  const click = async () => {
    button.dispatchEvent(new Event("click"));
    await new Promise(setImmediate);
  };
  return { input, button, click, listen };
}

const last = (gain) => gain.gain.asked.at(-1);
const close = (a, b) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);

test("nothing sounds, and no context is made, before somebody plays", () => {
  const { button, input } = awake();
  move(input, { value: "0" });
  assert.equal(button.textContent, "Play");
  assert.deepEqual(contexts, []);
});

test("speech and noise begin together and are repeated; only the noise goes through its gain", async () => {
  const { click } = awake();
  await click();
  const [volume, noise] = gains;
  assert.deepEqual(sources.map(({ buffer, loop, begin, to }) => [buffer, loop, begin, to]), [
    ["speech", true, 2.1, volume],
    ["noise", true, 2.1, noise],
  ]);
  assert.equal(noise.to, volume);
  assert.equal(volume.to, contexts[0].destination);
});

test("noise, embedded at the lowest SNR, is lowered to the one asked for", async () => {
  const { click, input } = awake();
  await click();
  const [, noise] = gains;
  close(last(noise), 10 ** (-10 / 20));
  for (const [value, decibels] of [["-5", 0], ["12.5", -17.5], ["20", -25]]) {
    move(input, { value });
    close(last(noise), 10 ** (decibels / 20));
  }
});

test("a slider that moved before the first sound is heeded", async () => {
  const { click, input } = awake();
  move(input, { value: "20" });
  await click();
  close(last(gains[1]), 10 ** (-25 / 20));
});

test("stop fades out and then lets the device rest; play wakes it", async () => {
  const { button, click } = awake();
  await click();
  assert.deepEqual([button.textContent, last(gains[0])], ["Stop", 1]);
  await click();
  assert.deepEqual([button.textContent, last(gains[0])], ["Play", 0]);
  assert.equal(contexts[0].state, "running"); // while it fades
  mock.timers.tick(200);
  assert.equal(contexts[0].state, "suspended");
  await click();
  assert.deepEqual([contexts[0].state, last(gains[0]), contexts.length], ["running", 1, 1]);
});

test("who plays again at once is not cut off", async () => {
  const { click } = awake();
  await click();
  await click();
  await click();
  mock.timers.tick(1000);
  assert.equal(contexts[0].state, "running");
});

test("where the sound cannot be decoded, the players come back", async () => {
  globalThis.AudioContext = class extends Context {
    async decodeAudioData() {
      throw new DOMException("no luck", "EncodingError");
    }
  };
  const { button, click, listen } = awake();
  await click();
  assert.deepEqual([button.hidden, listen.style.display, player.focused], [true, "flex", "speech"]);
});

test("players give way to the button, and stay where a browser cannot mix", () => {
  assert.equal(awake().listen.style.display, "none");
  globalThis.window = {};
  const controls = new Element(), listen = new Element();
  fader(new Element({}, { ".controls": controls, ".listen": listen }));
  assert.deepEqual([controls.before, listen.style.display], [[], undefined]);
});
