import assert from "node:assert/strict";
import { test } from "node:test";
import { readFile } from "../../book/live/files.js";
import { encodeWav } from "../../book/live/wav.js";

const HEAD = 1 << 20; // bytes in which the page looks for a WAV file's samples

test("a WAV file that is longer than its header tells is refused, too", async () => {
  const sound = encodeWav(new Int16Array(601_000), 1000);
  new DataView(sound).setUint32(40, HEAD, true); // no look at the head tells that it goes on
  await assert.rejects(readFile(new File([sound], "long.wav")), /^Error: long.wav lasts 11 minutes, and/);
});

test("a file of which the browser knows no length is refused when it turns out to be long", async () => {
  browserThatFinds({ duration: Infinity, seconds: 1200 });
  await assert.rejects(readFile(new File(["webm"], "long.webm")), /^Error: long.webm lasts 20 minutes/);
});

test("a file of which the browser knows no length is taken if it is short", async () => {
  browserThatFinds({ duration: Infinity, seconds: 2 });
  const { name, rate, samples } = await readFile(new File(["webm"], "short.webm"));
  assert.deepEqual([name, rate, samples.length], ["short.webm", 100, 200]);
});

/** A browser in which a file lasts as long as it tells, and as long as it turns out. */
function browserThatFinds({ duration, seconds }) {
  globalThis.Audio = class {
    duration = duration;
    set src(address) {
      setImmediate(() => this.onloadedmetadata());
    }
    removeAttribute() {}
  };
  globalThis.OfflineAudioContext = class {
    async decodeAudioData() {
      const channel = new Float32Array(100 * seconds);
      return { sampleRate: 100, numberOfChannels: 1, length: channel.length, getChannelData: () => channel };
    }
  };
}

test("a folder, which browsers call a file, is refused by its name", async () => {
  const folder = new File(["entries"], "music");
  const unreadable = async () => {
    throw new DOMException("A requested file or directory could not be found", "NotFoundError");
  };
  folder.slice = () => ({ arrayBuffer: unreadable });
  await assert.rejects(readFile(folder), /^Error: music cannot be read: it is a folder, or was moved/);
});

test("a WAV file with too much before its samples is not said to have none", async () => {
  const sound = new Uint8Array(encodeWav(new Int16Array(8), 16000)), cover = new Uint8Array(HEAD + 8);
  cover.set([..."id3 "].map((letter) => letter.charCodeAt(0)));
  new DataView(cover.buffer).setUint32(4, HEAD, true);
  const file = new File([sound.subarray(0, 36), cover, sound.subarray(36)], "tagged.wav");
  await assert.rejects(readFile(file), /^Error: tagged.wav cannot be read: its samples begin too late/);
});
