/** What the reader sees and touches. */
import { NO_LIMIT } from "./denoiser.js";

/** @template {HTMLElement} T @param {string} id @returns {T} */
export function element(id) {
  return /** @type {T} */ (document.getElementById(id));
}

export const start = /** @type {HTMLButtonElement} */ (element("start"));
export const ab = /** @type {HTMLButtonElement} */ (element("switch"));
export const again = /** @type {HTMLButtonElement} */ (element("again"));
export const record = /** @type {HTMLButtonElement} */ (element("record"));
export const whole = /** @type {HTMLButtonElement} */ (element("whole"));
export const mix = /** @type {HTMLInputElement} */ (element("mix"));
export const blind = /** @type {HTMLButtonElement} */ (element("blind"));
export const pair = /** @type {HTMLSelectElement} */ (element("pair"));
export const limit = /** @type {HTMLInputElement} */ (element("limit"));
export const aloud = /** @type {HTMLInputElement} */ (element("aloud"));
export const file = /** @type {HTMLInputElement} */ (element("file"));
export const sources = /** @type {HTMLFieldSetElement} */ (element("sources"));

/** @param {string} text what is going on */
export function say(text) {
  const status = element("status");
  if (status.textContent !== text) status.textContent = text; // else a screen reader would say it again
}

/** @param {string} what is done @param {number} share of it; the page can do something else meanwhile */
export async function progress(what, share) {
  say(`${what}: ${Math.round(100 * share)} %`);
  await new Promise((resolve) => setTimeout(resolve));
}

/** @param {string} id of a line @param {string} text the reader shall not miss; the line is hidden if there is none */
function tell(id, text) {
  const line = element(id);
  if (line.textContent === text) return;
  line.textContent = text;
  line.hidden = !text;
  if (text) element("notices").scrollIntoView({ block: "nearest" });
}

/** @param {unknown} problem of an action, shown until the next one */
export function complain(problem) {
  tell("message", problem instanceof Error ? problem.message : String(problem ?? ""));
}

/** @param {string} trouble with the sound that runs, shown while it lasts: a new start may help */
export function warn(trouble) {
  again.hidden = !trouble;
  tell("trouble", trouble);
}

/** @returns {string} `microphone`, `file` or a sample's file */
export function chosen() {
  return /** @type {HTMLInputElement} */ (sources.querySelector(":checked")).value;
}

/** @param {string} value of a source @param {boolean} [possible] whether it can be had */
export function choose(value, possible = true) {
  const radio = sources.querySelector(`input[value="${value}"]`);
  /** @type {HTMLInputElement} */ (radio).checked = possible;
  /** @type {HTMLInputElement} */ (radio).disabled = !possible;
}

/** @param {string} value @param {string} name a bundled sample to choose */
export function offer(value, name) {
  const label = document.createElement("label"), radio = document.createElement("input");
  radio.type = "radio";
  radio.name = "source";
  radio.value = value;
  label.append(radio, ` ${name}`);
  element("samples").append(label);
}

/** @returns {number} share of the denoised sound that switch and slider ask for, 0 to 1 */
export function share() {
  return ab.getAttribute("aria-checked") === "true" ? Number(mix.value) / 100 : 0;
}

/** @returns {number} dB by which a frequency is turned down at most; the slider ends in no limit */
export function decibels() {
  return limit.value === limit.max ? NO_LIMIT : Number(limit.value);
}

/** Say where the sliders stand, to the eye and to a screen reader. */
export function showSliders() {
  const shown = limit.value === limit.max ? "off" : `${limit.value} dB`;
  mix.setAttribute("aria-valuetext", `${mix.value} % denoised`);
  limit.setAttribute("aria-valuetext", shown);
  element("limit-text").textContent = shown;
}

/** Turn the switch over. */
export function flip() {
  const on = ab.getAttribute("aria-checked") !== "true";
  ab.setAttribute("aria-checked", String(on));
  element("switch-state").textContent = on ? "on" : "off";
}

/**
 * @param {HTMLInputElement} input
 * @returns {File | undefined} the file that was chosen; it may be chosen again when it has become another
 */
export function fileOf(input) {
  const chosen = input.files?.[0];
  input.value = "";
  return chosen;
}

/** @param {(file: File) => void} take called with a file that is dropped anywhere */
export function listenForDrops(take) {
  /** @param {boolean} over */
  const mark = (over) => document.body.classList.toggle("dropping", over);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  addEventListener("dragleave", () => mark(false));
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const dropped = event.dataTransfer?.files[0];
    if (dropped) take(dropped);
  });
}
