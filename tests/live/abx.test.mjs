import assert from "node:assert/strict";
import { test } from "node:test";
import { Abx, interval, toss } from "../../book/live/abx.js";

/** A test of as many rounds as there are answers; X is what `draw` gives. */
function taken(answers, draw) {
  const abx = new Abx(answers.length, draw);
  for (const answer of answers) abx.answer(answer);
  return abx.result();
}

test("a coin falls on both sides as often, whatever fell before", () => {
  const tosses = Array.from({ length: 4000 }, toss), repeated = tosses.filter((side, i) => side === tosses[i - 1]);
  for (const count of [tosses.filter((side) => side === "a").length, repeated.length])
    assert.ok(Math.abs(count - 2000) < 200, `${count}`); // six standard deviations
});

test("an answer is right if X was what it says", () => {
  const drawn = [..."abba"], result = taken([..."abab"], () => drawn.shift());
  assert.deepEqual(result.rounds.map(({ x, answer }) => x + answer), ["aa", "bb", "ba", "ab"]);
  assert.equal(result.right, 2);
  assert.equal(result.share, 0.5);
});

test("who always says the same is right half of the time", () => {
  const { share } = taken(Array(4000).fill("a"));
  assert.ok(Math.abs(share - 0.5) < 0.05, `${share}`);
});

test("a test ends after the rounds that were settled", () => {
  const abx = new Abx(2, () => "a");
  for (let n = 1; n <= 2; n++) {
    assert.equal(abx.round, n);
    assert.ok(!abx.over);
    abx.answer("a");
  }
  assert.ok(abx.over);
  abx.answer("b");
  assert.equal(abx.result().rounds.length, 2);
});

test("X is drawn anew in each round", () => {
  const drawn = [..."abb", "none"], abx = new Abx(3, () => drawn.shift()), heard = [];
  while (!abx.over) {
    heard.push(abx.x);
    abx.answer("a");
  }
  assert.deepEqual(heard, [..."abb"]);
});

test("the result names its interval", () => {
  const { interval: { level, method, low, high } } = taken([..."aaaaaaab"], () => "a");
  assert.deepEqual([level, method, low, high], [0.95, "Clopper-Pearson", ...interval(7, 8)]);
});

test("of all listeners who guess, the interval misses no more than one in twenty", () => {
  for (const rounds of [8, 16, 24]) {
    let missed = 0, ways = 1;
    for (let right = 0; right <= rounds; ways *= (rounds - right) / ++right) {
      const [low, high] = interval(right, rounds);
      if (low > 0.5 || high < 0.5) missed += ways / 2 ** rounds;
    }
    assert.ok(0 < missed && missed <= 0.05, `${rounds}: ${missed}`);
  }
});
