/** Answers that may never come. */

/**
 * @template T
 * @param {AbortSignal} signal that nobody waits any longer
 * @param {Promise<T>} answer
 * @returns {Promise<T>} the same, or a rejection with the signal's reason, whichever is first
 */
export function unless(signal, answer) {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave);
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
