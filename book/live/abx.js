/** A blind test of two sounds: X is A or B, drawn by chance, and a listener says which. */

/** @typedef {"a" | "b"} Side */

const LEVEL = 0.95;

/** @returns {Side} by the toss of a coin */
export function toss() {
  return crypto.getRandomValues(new Uint8Array(1))[0] & 1 ? "a" : "b";
}

/**
 * How many rounds there are is settled before the first: who stops when it suits proves nothing.
 */
export class Abx {
  /** @param {number} rounds @param {() => Side} [draw] what X is, in each round */
  constructor(rounds, draw = toss) {
    this.rounds = rounds;
    this.draw = draw;
    /** @type {{x: Side, answer: Side}[]} */
    this.given = [];
    this.x = draw();
  }

  /** @returns {number} of this round, from 1 */
  get round() {
    return this.given.length + 1;
  }

  /** @returns {boolean} whether all rounds are over */
  get over() {
    return this.given.length === this.rounds;
  }

  /** @param {Side} answer what X is held for */
  answer(answer) {
    if (this.over) return;
    this.given.push({ x: this.x, answer });
    this.x = this.draw();
  }

  /** @returns what is kept of a test that is over, as a file has it */
  result() {
    const right = this.given.filter(({ x, answer }) => x === answer).length;
    const [low, high] = interval(right, this.rounds);
    return {
      test: "ABX", rounds: this.given, right, share: right / this.rounds,
      interval: { level: LEVEL, method: "Clopper-Pearson", low, high },
    };
  }
}

/**
 * The interval of Clopper and Pearson: the shares that would not give so many right answers too seldom.
 * @param {number} right @param {number} rounds @returns {[number, number]} its two ends
 */
export function interval(right, rounds) {
  const few = (1 - LEVEL) / 2;
  const low = right ? crossing((share) => atLeast(right, rounds, share) - few) : 0;
  const high = right < rounds ? crossing((share) => 1 - atLeast(right + 1, rounds, share) - few) : 1;
  return [low, high];
}

/**
 * @param {number} right @param {number} rounds
 * @param {number} share of right answers in the long run
 * @returns {number} probability of so many right answers or more
 */
function atLeast(right, rounds, share) {
  let ways = 1, sum = 0;
  for (let k = 0; k <= rounds; ways *= (rounds - k) / ++k)
    if (k >= right) sum += ways * share ** k * (1 - share) ** (rounds - k);
  return sum;
}

/** @param {(share: number) => number} of monotonic, with one zero in [0, 1] @returns {number} where */
function crossing(of) {
  let [low, high] = [0, 1];
  const rising = of(1) > of(0);
  for (let halving = 0; halving < 50; halving++) {
    const middle = (low + high) / 2;
    if (of(middle) > 0 === rising) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}
