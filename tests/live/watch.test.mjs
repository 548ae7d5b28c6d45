import assert from "node:assert/strict";
import { test } from "node:test";

/** As much of a browser as the watch asks for; a test changes what it says. */
class Browser {
  context = Object.assign(new EventTarget(), { currentTime: 0, state: "running" });
  failed = false;
  lost = false;
  source = { track: { muted: false } };
  found = ["audioinput a", "audiooutput b"];
  mediaDevices = Object.assign(new EventTarget(), {
    enumerateDevices: async () =>
      this.found.map((name) => ({ kind: name.split(" ")[0], deviceId: name.split(" ")[1] })),
  });
}

const SOUND = { heard: new Int16Array(256).fill(1) }, ZEROS = { heard: new Int16Array(256) };

globalThis.AudioContext = class {
  setSinkId() {}
};
const { Watch } = await import("../../book/live/watch.js");

/** A watch that has begun, and the browser it looks at. */
async function begun() {
  const browser = new Browser();
  Object.defineProperty(globalThis, "navigator", { value: browser, configurable: true });
  const watch = new Watch(browser);
  watch.begin();
  await watch.devices;
  return { browser, watch };
}

/** What is told after some quarters of a second with hops, or without. */
function after(watch, looks, report, seconds = 0.25) {
  let told = "";
  for (let n = 0; n < looks; n++) {
    if (report) for (let hop = 0; hop < 16; hop++) watch.add(report);
    watch.engine.context.currentTime += seconds;
    told = watch.look();
  }
  return told;
}

test("sound that runs is no trouble", async () => {
  const { watch } = await begun();
  assert.equal(after(watch, 100, SOUND), "");
});

test("half a second without a hop is told, not less", async () => {
  const { browser, watch } = await begun();
  browser.context.state = "suspended";
  assert.equal(after(watch, 2, null, 0), "");
  assert.match(after(watch, 1, null, 0), /^No sound:/);
});

for (const [state, seconds, sentence] of [
  ["suspended", 0, /^The browser has paused the sound/],
  ["interrupted", 0, /^The browser has paused the sound/],
  ["closed", 0, /sound has stopped.* reload the page/],
  ["running", 0, /sound has stopped.* reload the page/],
  ["running", 0.25, /^The denoiser does not answer/],
])
  test(`hops that stop in state ${state} with a clock that moves ${seconds} s are told`, async () => {
    const { browser, watch } = await begun();
    assert.equal(after(watch, 4, SOUND), "");
    browser.context.state = state;
    assert.match(after(watch, 4, null, seconds), sentence);
    browser.context.state = "running";
    assert.ok(watch.add(SOUND), "the first hop after a gap");
    assert.ok(!watch.add(SOUND));
    assert.equal(watch.look(), "");
  });

test("a loudspeaker that is lost is told as one that was never there", async () => {
  const { browser, watch } = await begun();
  after(watch, 4, SOUND);
  browser.context.state = "suspended";
  browser.lost = true;
  assert.match(after(watch, 4, null, 0), /^No sound:/);
});

test("an error of the audio thread is told at once", async () => {
  const { browser, watch } = await begun();
  browser.failed = true;
  assert.match(watch.look(), /^The denoiser failed/);
});

test("a muted microphone is told until it is heard again", async () => {
  const { browser, watch } = await begun();
  browser.source.track.muted = true;
  assert.match(after(watch, 1, ZEROS), /^The microphone is muted/);
  browser.source.track.muted = false;
  assert.equal(after(watch, 1, SOUND), "");
});

test("a microphone that sends zeros is told after three seconds, a silent sample is not", async () => {
  const { browser, watch } = await begun();
  assert.equal(after(watch, 11, ZEROS), "");
  assert.match(after(watch, 1, ZEROS), /^Only silence/);
  assert.equal(after(watch, 1, SOUND), "");
  browser.source = {};
  assert.equal(after(watch, 20, ZEROS), "");
});

test("other sound devices are told, and other cameras are not", async () => {
  const { browser, watch } = await begun();
  const change = async (...found) => {
    browser.found = found;
    browser.mediaDevices.dispatchEvent(new Event("devicechange"));
    await new Promise(setImmediate);
    return after(watch, 1, SOUND);
  };
  assert.equal(await change("audioinput a", "audiooutput b", "videoinput c"), "");
  assert.match(await change("audioinput a", "audiooutput d"), /^Your sound devices have changed/);
  assert.equal(await change("audioinput a", "audiooutput b"), "");
});

test("a browser that lists no loudspeaker plays to nobody", async () => {
  const { browser, watch } = await begun();
  browser.found = ["audioinput a"];
  watch.begin();
  await watch.devices;
  assert.match(after(watch, 1, SOUND), /^The browser finds no loudspeakers/);
});

test("a browser that does not list its devices is no trouble", async () => {
  const { browser, watch } = await begun();
  browser.mediaDevices.enumerateDevices = () => Promise.reject(new Error("forbidden"));
  watch.begin();
  assert.equal(await watch.devices, null);
  browser.mediaDevices.dispatchEvent(new Event("devicechange"));
  await new Promise(setImmediate);
  assert.equal(after(watch, 1, SOUND), "");
});

test("a denoiser that failed has stopped, and so has one without hops", async () => {
  const { browser, watch } = await begun();
  assert.equal(watch.stopped, false);
  browser.failed = true;
  assert.equal(watch.stopped, true);
  browser.failed = false;
  after(watch, 4, null);
  assert.equal(watch.stopped, true);
});
