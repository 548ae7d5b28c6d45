/** Whether the sound runs as it should; if not, what is the matter and what to do. */

/** @typedef {import("./engine.js").Engine} Engine */
/** @typedef {import("./processor.js").Report} Report */

/** Milliseconds from look to look. */
export const PERIOD = 250;
const PATIENCE = 2; // looks without a hop: half a second
const SILENT_HOPS = 188; // three seconds

const AGAIN = "press “Start again”";
const TROUBLE = {
  failed: `The denoiser failed in the browser’s audio thread: ${AGAIN}.`,
  waiting: `No sound: the browser is waiting for loudspeakers or headphones. Connect some, then ${AGAIN}. ` +
    "If that does not help, restart the browser.",
  paused: `The browser has paused the sound, as it does during a call. When that is over, ${AGAIN}.`,
  frozen: `The browser’s sound has stopped: ${AGAIN}. If that does not help, reload the page.`,
  unanswered: `The denoiser does not answer: ${AGAIN}. If that does not help, reload the page.`,
  muted: "The microphone is muted: look for a switch on it, in the browser and in the system. " +
    "The sound goes on by itself.",
  silent: "Only silence comes from the microphone. Speak: if this message stays, the microphone is switched off, " +
    "or the system’s settings keep it from this browser.",
  deaf: `The browser finds no loudspeakers or headphones. Connect some, then ${AGAIN}; ` +
    "pictures and recordings work without them.",
  changed: `Your sound devices have changed. To use the new ones, ${AGAIN}.`,
};

/**
 * Looks at an engine while it runs. It counts looks, not seconds: while the page itself is held up,
 * neither hops nor looks come.
 */
export class Watch {
  misses = 0; // looks since the last hop
  hops = 0;
  silence = 0; // hops of nothing but zeros, in a row
  clock = 0;
  changed = false; // other sound devices than at the start
  deaf = false; // no loudspeaker among them
  devices = soundDevices();

  /** @param {Engine} engine */
  constructor(engine) {
    this.engine = engine;
    navigator.mediaDevices?.addEventListener("devicechange", () => this.#compare());
  }

  /** A new start. */
  begin() {
    this.misses = this.hops = this.silence = 0;
    this.clock = this.engine.context.currentTime;
    this.changed = this.deaf = false;
    this.devices = soundDevices();
    this.devices.then((found) => (this.deaf = listsOutputs() && found?.includes("audiooutput") === false));
  }

  /** The sound devices may be others now; a camera makes no difference. */
  async #compare() {
    const [before, now] = await Promise.all([this.devices, soundDevices()]);
    this.changed = before !== null && now !== null && before !== now;
  }

  /** @param {Report} report @returns {boolean} whether it is the first, or the first after a gap */
  add({ heard }) {
    const first = !this.hops++ || this.missing;
    this.misses = 0;
    this.silence = heard.some((sample) => sample !== 0) ? 0 : this.silence + 1;
    return first;
  }

  /** Whether nothing is heard, and nothing will be unless that changes. */
  get stopped() {
    return this.missing || this.engine.failed;
  }

  /** Whether no hop has come for half a second. */
  get missing() {
    return this.misses > PATIENCE;
  }

  /** To be called once in each period. @returns {string} what is the matter; empty if nothing is */
  look() {
    const { context, failed } = this.engine, moved = context.currentTime !== this.clock;
    this.clock = context.currentTime;
    this.misses++;
    if (failed) return TROUBLE.failed;
    if (this.missing) return this.#gap(context.state, moved);
    return this.#doubt();
  }

  /** @param {string} state of the context @param {boolean} moved whether its clock has */
  #gap(state, moved) {
    if (state === "closed") return TROUBLE.frozen;
    if (state !== "running") return this.hops && !this.engine.lost ? TROUBLE.paused : TROUBLE.waiting;
    return moved ? TROUBLE.unanswered : TROUBLE.frozen;
  }

  /** What is odd although hops come. */
  #doubt() {
    const track = this.engine.source?.track;
    if (track?.muted) return TROUBLE.muted;
    if (track && this.silence > SILENT_HOPS) return TROUBLE.silent;
    if (this.deaf) return TROUBLE.deaf;
    return this.changed ? TROUBLE.changed : "";
  }
}

/** @returns {Promise<string | null>} kinds and names of all microphones and loudspeakers, if the browser tells */
async function soundDevices() {
  const found = await navigator.mediaDevices?.enumerateDevices().catch(() => null);
  if (!found) return null;
  const sound = found.filter(({ kind }) => kind.startsWith("audio"));
  return sound.map(({ kind, deviceId }) => `${kind} ${deviceId}`).join();
}

/** @returns {boolean} whether this browser tells of loudspeakers before it is asked for a microphone */
function listsOutputs() {
  return "setSinkId" in AudioContext.prototype;
}
