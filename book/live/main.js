/** The page: what its controls do. */
import * as controls from "./controls.js";
import { choose, chosen, complain, element, offer, say } from "./controls.js";
import { Cost } from "./cost.js";
import { Denoiser, denoiseAll, RATE } from "./denoiser.js";
import { Display } from "./display.js";
import { Engine, missing } from "./engine.js";
import { boardText, creditNodes, digestText, loadAll } from "./facts.js";
import { readFile, readSample } from "./files.js";
import { Losses } from "./losses.js";
import { toPcm } from "./pcm.js";
import { resample } from "./resampler.js";
import { Results } from "./results.js";
import { level } from "./statistics.js";
import { Take } from "./take.js";

/** @typedef {import("./files.js").Recording} Recording */
/** @typedef {import("./processor.js").Report} Report */

const WHISTLE_DBFS = -6;
const WHISTLE_HOPS = 60; // about a second

const { start, record, whole, aloud } = controls;
const display = new Display(), results = new Results(element("results"));
/** @type {Map<string, Recording>} */
const recordings = new Map();
/** @type {Engine | null} */
let engine = null;
/** @type {Denoiser} */
let offline;
/** @type {Cost} */
let cost;
const losses = new Losses(() => engine?.underruns() ?? null);
/** @type {Take | null} */
let take = null;
let takes = 0, loudHops = 0, queue = Promise.resolve();

/** @returns {boolean} whether sound runs */
function running() {
  return Boolean(engine?.source);
}

/** Make the controls say and allow what is the case. */
function refresh() {
  const recording = recordings.get(chosen()), live = chosen() === "microphone" || recording;
  start.textContent = running() ? "Stop" : "Start";
  start.disabled = !engine || (!live && !running());
  whole.disabled = !recording;
  controls.ab.disabled = !engine;
  record.disabled = !running();
  record.textContent = take ? "Stop recording" : "Record";
}

/** @param {() => Promise<void>} action done when those before it are; its error is shown */
function act(action) {
  queue = queue.then(async () => {
    complain(null);
    await action().catch((error) => {
      complain(error);
      say("Stopped.");
    });
    refresh();
  });
}

/** Start with the chosen source. */
async function begin() {
  if (!engine) return;
  say("Starting…");
  const name = chosen(), recording = recordings.get(name);
  const source = recording ? engine.recording(recording)
    : await engine.microphone(() => act(() => end("The microphone went away.")));
  cost.recent.clear();
  losses.begin();
  loudHops = 0;
  await engine.start(source, Number(aloud.checked));
  say(`Running: ${recording ? `${recording.name}, again and again` : "microphone"}. ${source.note}`);
}

/** @param {string} [why] */
async function end(why = "Stopped.") {
  finishTake();
  await engine?.stop();
  say(why);
}

/** @param {Report} report of the audio thread, for each hop */
function onReport(report) {
  display.add(report);
  cost.add(report.heard);
  losses.add(report);
  if (take && !take.add(report)) finishTake();
  if (chosen() === "microphone") listenForWhistle(report);
}

/** @param {Report} report a loudspeaker that the microphone hears makes a loop */
function listenForWhistle({ heard }) {
  loudHops = level(heard) > WHISTLE_DBFS && aloud.checked ? loudHops + 1 : 0;
  if (loudHops < WHISTLE_HOPS) return;
  aloud.checked = false;
  engine?.tell({ gain: 0 });
  complain("It was about to whistle, so the sound is off: put on headphones, then tick “Play aloud”.");
}

/** End the recording, if there is one. */
function finishTake() {
  if (!take) return;
  const { title } = take, { noisy, denoised } = take.finish();
  take = null;
  if (noisy.length) results.add(title, noisy, denoised);
  refresh();
}

/** Denoise the chosen recording from end to end. */
async function denoiseWhole() {
  const recording = recordings.get(chosen());
  if (!recording) return;
  const pcm = toPcm(resample(recording.samples, recording.rate, RATE));
  offline.setLimit(controls.decibels());
  const denoised = await denoiseAll(offline, pcm, async (share) => {
    say(`Denoising ${recording.name}: ${Math.round(100 * share)} %`);
    await new Promise((resolve) => setTimeout(resolve));
  });
  results.add(recording.name, pcm, denoised);
  say(`${recording.name} is denoised: see Recordings.`);
}

/** @param {File} file chosen or dropped */
async function takeIn(file) {
  if (running()) await end();
  say(`Reading ${file.name}…`);
  recordings.delete("file");
  choose("file");
  const recording = await readFile(file);
  recordings.set("file", recording);
  say(`${file.name} is ready${recording.note ? ` (${recording.note})` : ""}.`);
}

/** Tell the audio thread about the switch and the slider. */
function sendMix() {
  controls.mix.setAttribute("aria-valuetext", `${controls.mix.value} % denoised`);
  engine?.tell({ mix: controls.share() });
}

/** Tell those who denoise what is heard about the limit. */
function sendLimit() {
  controls.showLimit();
  const limit = controls.decibels();
  cost.denoiser.setLimit(limit);
  engine?.tell({ limit });
}

/** Numbers, four times a second. */
function showNumbers() {
  if (!engine || !running()) return;
  element("cost").textContent = String(cost);
  element("latency").textContent = engine.latency();
  element("dropouts").textContent = String(losses);
}

/** Go on with the source that was chosen while another was heard. */
async function change() {
  if (!running()) return;
  await end();
  if (chosen() !== "file" || recordings.has("file")) await begin();
}

/** Begin or end a recording. */
function toggleTake() {
  if (take) return finishTake();
  take = new Take(++takes, recordings.get(chosen())?.name ?? "microphone");
  engine?.tell({ restart: takes });
  refresh();
}

/** Connect the controls. */
function listen() {
  start.onclick = () => act(() => (running() ? end() : begin()));
  whole.onclick = () => act(denoiseWhole);
  record.onclick = toggleTake;
  aloud.onchange = () => running() && engine?.tell({ gain: Number(aloud.checked) });
  controls.mix.oninput = sendMix;
  controls.limit.oninput = sendLimit;
  controls.ab.onclick = () => {
    controls.flip();
    sendMix();
  };
  controls.sources.onchange = ({ target }) => {
    const file = target === controls.file ? controls.file.files?.[0] : null;
    act(() => (file ? takeIn(file) : change()));
  };
  controls.listenForDrops((file) => act(() => takeIn(file)));
  setInterval(showNumbers, 250);
}

/** Load everything, then open the controls. */
async function main() {
  if (!globalThis.WebAssembly) throw new Error("This browser has no WebAssembly: try a newer one.");
  const { facts, module, sounds } = await loadAll();
  offline = new Denoiser(module);
  cost = new Cost(new Denoiser(module));
  if (!offline.selftest()) throw new Error("The self-test failed: this browser computes other bits.");
  const digest = await digestText(module, facts.module.sha256);
  element("code").textContent = `${offline.version()}, self-test passed; ${facts.module.file}, ` +
    `${facts.module.bytes.toLocaleString("en")} bytes, ${digest}`;
  element("board").textContent = boardText(facts.board);
  element("credits").append(...creditNodes(facts.credits));
  const problem = missing(), loading = problem ? null : Engine.load(module, onReport);
  await Promise.all(facts.samples.map(async ({ file, name }, i) => {
    offer(file, name);
    recordings.set(file, await readSample(sounds[i], name));
  }));
  engine = await loading;
  if (problem) complain(`${problem} “Denoise all of it” works with the samples and with your files.`);
  const microphone = Boolean(engine && navigator.mediaDevices);
  choose(facts.samples[0].file);
  choose("microphone", microphone);
  listen();
  sendMix();
  sendLimit();
  controls.sources.disabled = false;
  performance.mark("ready");
  say("Ready.");
  refresh();
}

main().catch((error) => {
  complain(error);
  say("The page could not be started.");
});
