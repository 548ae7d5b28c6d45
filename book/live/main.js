/** The page: what its controls do. */
import * as controls from "./controls.js";
import { choose, chosen, complain, element, fileOf, offer, say } from "./controls.js";
import { Display } from "./display.js";
import { Ears } from "./ears.js";
import { Engine } from "./engine.js";
import { boardText, creditNodes, digestText, loadAll } from "./facts.js";
import { readFile, readSample } from "./files.js";
import { Live } from "./live.js";
import { Network, readNetwork } from "./network.js";
import { Networks } from "./networks.js";
import { compared, denoised, hopsOf } from "./offline.js";
import { Results } from "./results.js";
import { PERIOD } from "./watch.js";

/** @typedef {import("./facts.js").Facts} Facts */
/** @typedef {import("./files.js").Recording} Recording */
/** @typedef {(signal: AbortSignal) => Promise<unknown>} Action given up, where it waits, when the signal comes */

// What the page cannot do without, by the names that readers may know.
const NEEDED = { WebAssembly: "WebAssembly", DecompressionStream: "DecompressionStream",
  OfflineAudioContext: "Web Audio" };
const { start, record, whole, aloud, blind } = controls;
const results = new Results(element("results")), ears = new Ears();
/** @type {Map<string, Recording>} */
const recordings = new Map();
/** @type {Networks} */
let networks;
/** @type {Live | null} where there is live sound */
let live = null;
let queue = Promise.resolve(), latest = new AbortController();

/** @returns {Recording | undefined} the one that is chosen */
const recording = () => recordings.get(chosen());

/** @returns {boolean} whether something is chosen that can be heard */
const ready = () => Boolean(recording()) || chosen() === "microphone";

/** Make the controls say and allow what is the case. */
function refresh() {
  start.textContent = live?.asking ? "Cancel" : live?.running ? "Stop" : "Start";
  start.disabled = !live || (!ready() && !live.running);
  whole.disabled = !recording();
  blind.disabled = !recording() && !ears.pair;
  controls.ab.disabled = !live;
  record.disabled = !live?.running;
  record.textContent = live?.take ? "Stop recording" : "Record";
}

/** Say what is the case when nothing is being done. */
function sayState() {
  say(live?.running ? live.state : ready() ? "Ready." : "Choose a sound.");
}

/** @param {Action} action done when those before it are, none of which waits any longer; its error is shown */
function act(action) {
  latest.abort();
  latest = new AbortController();
  complain(null); // at once: what those before it have to say is news
  const { signal } = latest;
  queue = queue.then(async () => {
    await action(signal).catch((error) => {
      if (error !== signal.reason) complain(error);
      sayState();
    });
    refresh();
  });
}

/** @param {Action} action @returns {() => void} what begins it; who is impatient and asks twice means one */
function once(action) {
  let pending = false;
  return () => {
    if (pending) return;
    pending = true;
    act((signal) => action(signal).finally(() => (pending = false)));
  };
}

/** @param {() => void} handler @returns {(event: MouseEvent) => void} the same, for a click or a double click */
const single = (handler) => ({ detail }) => {
  if (detail < 2) handler();
};

/** @param {AbortSignal} signal start with the chosen source */
async function begin(signal) {
  ears.stop();
  await live?.begin(recording(), signal, () => act(loseMicrophone));
}

/** @param {AbortSignal} signal start afresh */
async function beginAgain(signal) {
  start.focus(); // the button that was pressed is hidden now
  await live?.renew();
  await begin(signal);
}

/** The microphone was unplugged, or taken away by the browser. */
async function loseMicrophone() {
  await live?.end("The microphone went away.");
  complain("The microphone went away: plug it in again or allow it, then press “Start”.");
}

/** @param {AbortSignal} signal go on with the source that was chosen while another was heard */
async function change(signal) {
  if (!live?.running) return sayState();
  await live.end();
  if (ready()) await begin(signal);
}

/** Denoise the chosen recording from end to end. */
async function denoiseWhole() {
  const found = recording();
  if (!found) return;
  const { title, noisy, denoised: clean } = await denoised(found, networks);
  results.add(title, noisy, clean);
  say(`${live?.running ? `${live.state} ` : ""}${found.name} is denoised: see Recordings.`);
}

/** Begin a blind test of the chosen recording. */
async function beginTest() {
  const found = recording();
  if (!found) return;
  await live?.end();
  ears.begin(await compared(found, networks));
  say("Ready.");
}

/** @param {File} file chosen or dropped */
async function takeSound(file) {
  say(`Reading ${file.name}…`);
  const found = await readFile(file);
  await live?.end();
  recordings.set("file", found);
  element("file-name").textContent = `A file: ${file.name}`;
  choose("file");
  say(`${file.name} is ready${found.note ? ` (${found.note})` : ""}.`);
}

/** @param {File} file chosen or dropped: a network, to be heard as soon as it has heard something */
async function takeNetwork(file) {
  const network = await readNetwork(file, networks.all[0]);
  networks.add(network);
  live?.engine.admit(network);
  tune();
  if (!live?.running) say(`${file.name} passed its self-test and is chosen.`);
}

/** Let everybody know how the controls stand. */
function tune() {
  networks.describe();
  controls.showSliders();
  live?.tune();
}

/** Connect the buttons. */
function listenToButtons() {
  const startOnce = once(begin), testOnce = once(beginTest);
  start.onclick = single(() => {
    if (start.textContent === "Start") return startOnce();
    live?.end(); // at once: what is under way may take seconds
    act(async () => live?.end()); // and when that is over, since it may have begun a sound
  });
  blind.onclick = single(() => (ears.pair ? act(async () => ears.stop()) : testOnce()));
  controls.again.onclick = once(beginAgain);
  whole.onclick = once(denoiseWhole);
  record.onclick = () => live?.toggleTake(recording()?.name ?? "microphone");
  controls.ab.onclick = () => {
    controls.flip();
    tune();
  };
}

/** Connect what is chosen, moved and dropped. */
function listenToChoices() {
  aloud.onchange = () => live?.running && live.engine.tell({ gain: Number(aloud.checked) });
  controls.mix.oninput = controls.limit.oninput = tune;
  networks.box.onchange = ({ target }) => {
    const file = target === networks.file && fileOf(networks.file);
    if (file) act(() => takeNetwork(file));
    else tune();
  };
  controls.sources.onchange = ({ target }) => {
    const file = target === controls.file && fileOf(controls.file);
    act(file ? () => takeSound(file) : change);
  };
  controls.listenForDrops((file) => {
    const network = file.name.toLowerCase().endsWith(".wasm");
    act(() => (network ? takeNetwork : takeSound)(file));
  });
}

/** @param {ArrayBuffer} module @returns {Promise<Engine | null>} null if there is no live sound here */
async function loadEngine(module) {
  try {
    return await Engine.load(module);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    complain(`${reason.replace(/[^.]$/, "$&.")} “Denoise all of it” works with the samples and with your files.`);
    return null;
  }
}

/** @param {Facts} facts @param {ArrayBuffer} module @returns {Promise<Network>} the page's own */
async function ownNetwork({ module: { name, sha256 }, board }, module) {
  const own = new Network(name, module);
  if (!own.offline.selftest()) throw new Error("The self-test failed: this browser computes other bits.");
  own.about += `, ${await digestText(module, sha256)}`;
  own.board = boardText(board);
  return own;
}

/** @param {Facts["samples"]} samples @param {ArrayBuffer[]} sounds of them */
async function offerSamples(samples, sounds) {
  await Promise.all(samples.map(async ({ file, name }, i) => {
    offer(file, name);
    recordings.set(file, await readSample(sounds[i], name));
  }));
}

/** Load everything, then open the controls. */
async function main() {
  for (const [wanted, name] of Object.entries(NEEDED))
    if (!(wanted in globalThis)) throw new Error(`This browser has no ${name}: try a newer one.`);
  const { facts, module, sounds } = await loadAll(), [{ file: first }] = facts.samples;
  networks = new Networks(await ownNetwork(facts, module));
  element("credits").append(...creditNodes(facts.credits));
  const loading = loadEngine(module), display = new Display();
  await offerSamples(facts.samples, sounds);
  display.paint(hopsOf(/** @type {Recording} */ (recordings.get(first)), networks.heard));
  const engine = await loading;
  if (engine) live = new Live(engine, networks, display, results, refresh);
  choose(first);
  choose("microphone", Boolean(live && navigator.mediaDevices));
  open();
}

/** Open the controls. */
function open() {
  listenToButtons();
  listenToChoices();
  tune();
  setInterval(() => live?.look(), PERIOD);
  controls.sources.disabled = networks.box.disabled = false;
  performance.mark("ready");
  say("Ready.");
  refresh();
}

main().catch((error) => {
  complain(error);
  say("The page could not be started.");
});
