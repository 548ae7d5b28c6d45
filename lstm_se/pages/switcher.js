/**
 * Plays versions of one sound in step; the one that is chosen is heard.
 * @param {HTMLElement} box What lstm_se.pages.switch makes: choices, a button, and the players.
 */
export function switcher(box) {
  if (!window.AudioContext) return;
  const gains = JSON.parse(box.dataset.gains ?? "").map((/** @type {number} */ db) => 10 ** (db / 20));
  const players = [...box.querySelectorAll("audio")];
  const choices = [.../** @type {NodeListOf<HTMLInputElement>} */ (box.querySelectorAll("[type=radio]"))];
  const matched = /** @type {HTMLInputElement} */ (box.querySelector("[type=checkbox]"));
  const button = /** @type {HTMLButtonElement} */ (box.querySelector("button"));
  const controls = /** @type {HTMLElement} */ (box.querySelector(".controls"));
  const row = /** @type {HTMLElement} */ (box.querySelector(".listen"));
  const look = row.style.display;
  /** @type {AudioContext} */ let context;
  /** @type {GainNode} */ let volume;
  /** @type {GainNode[]} */ let versions = [];
  /** @type {Promise<void>} */ let built;
  /** @type {ReturnType<typeof setTimeout>} */ let pause;
  let on = false;

  const loudness = (/** @type {number} */ place) =>
    choices[place].checked ? (matched.checked ? gains[place] : 1) : 0;
  /** A gain takes 25 ms to change: no click, and no gap. */
  const glide = (/** @type {GainNode} */ node, /** @type {number} */ gain) =>
    node.gain.setTargetAtTime(gain, context.currentTime, 0.005);
  const choose = () => versions.forEach((version, place) => glide(version, loudness(place)));
  // the sound stands in the notebook; in the built book it is a file
  const bytes = async (/** @type {string} */ address) => {
    if (!address.startsWith("data:")) return (await fetch(address)).arrayBuffer();
    return Uint8Array.from(atob(address.split(",")[1]), (letter) => letter.charCodeAt(0)).buffer;
  };
  const build = async () => {
    context = new AudioContext();
    volume = new GainNode(context, { gain: 0 });
    volume.connect(context.destination);
    const load = async (/** @type {HTMLAudioElement} */ player) => context.decodeAudioData(await bytes(player.src));
    const sounds = await Promise.all(players.map(load));
    const begin = context.currentTime + 0.1;
    versions = sounds.map((buffer, place) => {
      const source = new AudioBufferSourceNode(context, { buffer, loop: true });
      const version = new GainNode(context, { gain: loudness(place) });
      source.connect(version).connect(volume);
      source.start(begin);
      return version;
    });
  };
  /** A browser that reads no files beside a page on a disk: one by one is better than silence. */
  const giveUp = () => {
    controls.hidden = true;
    row.style.display = look;
    players[0].focus();
  };
  const play = async () => {
    on = !on;
    button.textContent = on ? "Stop" : "Play";
    try {
      await (built ??= build());
    } catch {
      return giveUp();
    }
    clearTimeout(pause);
    glide(volume, on ? 1 : 0);
    if (on) context.resume();
    else pause = setTimeout(() => context.suspend(), 200);
  };

  button.addEventListener("click", play);
  for (const control of [...choices, matched]) control.addEventListener("input", choose);
  controls.hidden = false;
  row.style.display = "none";
}
