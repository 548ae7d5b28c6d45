/**
 * Gives a slider over SNRs its sound: speech, and noise at the level that the slider asks for.
 * @param {HTMLElement} box What lstm_se.pages.fader makes: two players and the slider.
 */
export function fader(box) {
  if (!window.AudioContext) return;
  const range = /** @type {HTMLInputElement} */ (box.querySelector("input"));
  const players = [...box.querySelectorAll("audio")];
  const button = document.createElement("button");
  const row = /** @type {HTMLElement} */ (box.querySelector(".listen")), look = row.style.display;
  /** @type {AudioContext} */ let context;
  /** @type {GainNode} */ let volume;
  /** @type {GainNode} */ let noise;
  /** @type {Promise<void>} */ let built;
  /** @type {ReturnType<typeof setTimeout>} */ let pause;
  let on = false;

  // the noise is embedded at the lowest SNR, so no gain is above 1
  const amount = () => 10 ** ((+range.min - +range.value) / 20);
  /** A gain takes 0.1 s to change. */
  const glide = (/** @type {GainNode} */ node, /** @type {number} */ gain) =>
    node.gain.setTargetAtTime(gain, context.currentTime, 0.02);
  const decoded = (/** @type {HTMLAudioElement} */ player) => {
    const text = atob(player.src.split(",")[1]);
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    return context.decodeAudioData(bytes.buffer);
  };
  const build = async () => {
    context = new AudioContext();
    volume = new GainNode(context, { gain: 0 });
    noise = new GainNode(context, { gain: amount() });
    noise.connect(volume).connect(context.destination);
    const sounds = await Promise.all(players.map(decoded));
    const begin = context.currentTime + 0.1;
    sounds.forEach((buffer, part) => {
      const source = new AudioBufferSourceNode(context, { buffer, loop: true });
      source.connect(part ? noise : volume);
      source.start(begin);
    });
  };
  /** A browser that cannot decode them: one by one is better than silence. */
  const giveUp = () => {
    button.hidden = true;
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

  button.type = "button";
  button.textContent = "Play";
  button.addEventListener("click", play);
  range.addEventListener("input", () => noise && glide(noise, amount()));
  /** @type {HTMLElement} */ (box.querySelector(".controls")).prepend(button, " ");
  row.style.display = "none";
}
