/** The page: what its controls do. */
import * as controls from "./controls.js";
import { choose, chosen, complain, element, offer, say } from "./controls.js";
import { Cost } from "./cost.js";
import { denoiseAll, HOP, RATE } from "./denoiser.js";
import { Display } from "./display.js";
import { Ears } from "./ears.js";
import { Engine, FADE_MS } from "./engine.js";
import { boardText, creditNodes, digestText, loadAll } from "./facts.js";
import { readFile, readSample } from "./files.js";
import { Losses } from "./losses.js";
import { Network, readNetwork } from "./network.js";
import { Networks } from "./networks.js";
import { toPcm } from "./pcm.js";
import { resample } from "./resampler.js";
import { Results } from "./results.js";
import { Take } from "./take.js";
import { PERIOD, Watch } from "./watch.js";
import { Whistle } from "./whistle.js";

/** @typedef {import("./files.js").Recording} Recording */
/** @typedef {import("./processor.js").Report} Report */

const BLIND_SECONDS = 30; // of a sound, for the blind test
const { start, record, whole, aloud, blind } = controls;
const display = new Display(), results = new Results(element("results")), whistle = new Whistle();
const ears = new Ears();
/** @type {Map<string, Recording>} */
const recordings = new Map();
/** @type {Engine | null} */
let engine = null;
/** @type {Watch} */
let watch;
let trouble = "", news = ""; // what the watch saw last; what to say when sound runs
/** @type {Networks} */
let networks;
/** @type {Cost} */
let cost;
const losses = new Losses(() => engine?.underruns() ?? null);
/** @type {Take | null} */
let take = null;
let takes = 0, queue = Promise.resolve();

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
  blind.disabled = !recording && !ears.pair;
  controls.ab.disabled = !engine;
  record.disabled = !running();
  record.textContent = take ? "Stop recording" : "Record";
}

/** Take back what was told. */
function clear() {
  trouble = "";
  complain(null);
}

/** @param {() => Promise<void>} action done when those before it are; its error is shown */
function act(action) {
  queue = queue.then(async () => {
    clear();
    await action().catch((error) => {
      complain(error);
      if (!running()) say("Stopped.");
    });
    refresh();
  });
}

/** Draw a sample before anything is heard, so that a reader sees what the pictures are. @param {Recording} sample */
function preview({ samples, rate }) {
  const { offline } = networks.heard, pcm = toPcm(resample(samples, rate, RATE)), hops = [];
  offline.reset();
  for (let at = 0; at + HOP <= pcm.length; at += HOP) {
    offline.input.set(pcm.subarray(at, at + HOP));
    offline.process();
    const { input, output, mask } = offline;
    hops.push({ heard: input.slice(), said: output.slice(), mask: mask.slice() });
  }
  display.paint(hops);
}

/** Start with the chosen source. */
async function begin() {
  if (!engine) return;
  ears.stop();
  const recording = recordings.get(chosen());
  say(recording ? "Starting…" : "Starting: allow the microphone if the browser asks.");
  const source = recording ? engine.recording(recording)
    : await engine.microphone(() => act(loseMicrophone));
  cost.recent.clear();
  losses.begin();
  whistle.begin();
  news = `Running: ${recording ? `${recording.name}, again and again` : "microphone"}. ${source.note}`;
  element("input").textContent = source.facts;
  engine.start(source, Number(aloud.checked));
  watch.begin();
}

/** Begin afresh, with a new denoiser. */
async function beginAgain() {
  start.focus(); // the button that was pressed is hidden now
  await end();
  engine?.renew();
  engine?.tell({ second: networks.all[1]?.code });
  sendChoice();
  sendMix();
  sendLimit();
  await begin();
}

/** The microphone was unplugged, or taken away by the browser. */
async function loseMicrophone() {
  await end("The microphone went away.");
  complain("The microphone went away: plug it in again or allow it, then press “Start”.");
}

/** See whether sound runs, and tell if it does not. */
function look() {
  if (!running()) return;
  const now = watch.look();
  if (now === trouble) return;
  trouble = now;
  complain(now, Boolean(now));
  if (watch.missing) say("Waiting for sound…");
}

/** @param {string} [why] */
async function end(why = "Stopped.") {
  finishTake();
  await engine?.stop();
  say(why);
}

/** @param {Report} report of the audio thread, for each hop */
function onReport(report) {
  if (watch.add(report)) {
    say(news);
    look();
  }
  display.add(report);
  cost.add(report.heard);
  losses.add(report);
  if (take && !take.add(report)) finishTake();
  if (chosen() === "microphone" && whistle.add(report, aloud.checked)) hush();
}

/** The microphone hears the loudspeaker: sound off. */
function hush() {
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
  const { heard, all } = networks, { name } = recording;
  const pcm = toPcm(resample(recording.samples, recording.rate, RATE));
  const title = all.length > 1 ? `${name}, ${heard.name}` : name;
  results.add(title, pcm, await denoise(heard, name, pcm, controls.decibels()));
  say(`${name} is denoised: see Recordings.`);
}

/**
 * @param {Network} network @param {string} name of the sound
 * @param {Int16Array} pcm at 16 kHz @param {number} limit in dB
 */
function denoise({ offline }, name, pcm, limit) {
  offline.setLimit(limit);
  return denoiseAll(offline, pcm, async (share) => {
    say(`Denoising ${name}: ${Math.round(100 * share)} %`);
    await new Promise((resolve) => setTimeout(resolve));
  });
}

/** Begin or end a blind test of the chosen recording. */
async function toggleBlind() {
  const recording = recordings.get(chosen());
  if (ears.pair || !recording) return ears.stop();
  await end();
  const { name: title, rate, samples } = recording, both = controls.pair.value === "both";
  const limit = controls.decibels(); // a slider may move meanwhile
  const pcm = toPcm(resample(samples.subarray(0, BLIND_SECONDS * rate), rate, RATE));
  const names = both ? [] : ["noisy"], sounds = both ? [] : [pcm];
  for (const network of both ? networks.all : [networks.heard]) {
    names.push(`denoised by ${network}`);
    sounds.push(await denoise(network, title, pcm, limit));
  }
  ears.begin({ title, names, sounds, limit });
  say("Ready.");
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

/** @param {File} file chosen or dropped: a network, to be heard at once */
async function takeNetwork(file) {
  const network = await readNetwork(file, networks.all[0]);
  if (networks.place) { // the one that leaves fades out first
    engine?.tell({ network: 0 });
    await new Promise((resolve) => setTimeout(resolve, FADE_MS));
  }
  networks.add(network);
  engine?.tell({ second: network.code });
  sendChoice();
  sendLimit();
  if (!running()) say(`${file.name} passed its self-test and is chosen.`);
}

/** Tell the audio thread, the stopwatch and the reader which network is heard. */
function sendChoice() {
  const { heard, place } = networks;
  if (cost.denoiser !== heard.timed) cost.recent.clear();
  cost.denoiser = heard.timed;
  engine?.tell({ network: place });
  element("code").textContent = heard.about;
  element("board").textContent = heard.board;
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
  controls.again.onclick = () => act(beginAgain);
  aloud.onchange = () => running() && engine?.tell({ gain: Number(aloud.checked) });
  controls.mix.oninput = sendMix;
  controls.limit.oninput = sendLimit;
  blind.onclick = () => act(toggleBlind);
  networks.box.onchange = ({ target }) => {
    const file = target === networks.file && networks.file.files?.[0];
    if (!file) return sendChoice();
    networks.file.value = ""; // so that the same file may be chosen when it has become another
    act(() => takeNetwork(file));
  };
  controls.ab.onclick = () => {
    controls.flip();
    sendMix();
  };
  controls.sources.onchange = ({ target }) => {
    const file = target === controls.file ? controls.file.files?.[0] : null;
    act(() => (file ? takeIn(file) : change()));
  };
  controls.listenForDrops((file) => {
    const take = file.name.toLowerCase().endsWith(".wasm") ? takeNetwork : takeIn;
    act(() => take(file));
  });
  setInterval(() => {
    look();
    showNumbers();
  }, PERIOD);
}

/** @param {ArrayBuffer} module @returns {Promise<Engine | null>} null if there is no live sound here */
async function loadEngine(module) {
  try {
    return await Engine.load(module, onReport);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    complain(`${reason} “Denoise all of it” works with the samples and with your files.`);
    return null;
  }
}

/** Load everything, then open the controls. */
async function main() {
  for (const wanted of ["WebAssembly", "DecompressionStream"])
    if (!(wanted in globalThis)) throw new Error(`This browser has no ${wanted}: try a newer one.`);
  const { facts, module, sounds } = await loadAll();
  const own = new Network(facts.module.name, module);
  if (!own.offline.selftest()) throw new Error("The self-test failed: this browser computes other bits.");
  own.about += `, ${await digestText(module, facts.module.sha256)}`;
  own.board = boardText(facts.board);
  networks = new Networks(own);
  cost = new Cost(own.timed);
  element("credits").append(...creditNodes(facts.credits));
  const loading = loadEngine(module);
  await Promise.all(facts.samples.map(async ({ file, name }, i) => {
    offer(file, name);
    recordings.set(file, await readSample(sounds[i], name));
  }));
  preview(/** @type {Recording} */ (recordings.get(facts.samples[0].file)));
  engine = await loading;
  if (engine) watch = new Watch(engine);
  const microphone = Boolean(engine && navigator.mediaDevices);
  choose(facts.samples[0].file);
  choose("microphone", microphone);
  listen();
  sendChoice();
  sendMix();
  sendLimit();
  controls.sources.disabled = networks.box.disabled = false;
  performance.mark("ready");
  say("Ready.");
  refresh();
}

main().catch((error) => {
  complain(error);
  say("The page could not be started.");
});
