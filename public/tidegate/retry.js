/** When to try again: at once after an isolated drop, then from 1 s to 30 s, never all clients in step. */

/** The longest wait before the first retry. */
const immediateMilliseconds = 100;
const firstMilliseconds = 1000;
const longestMilliseconds = 30_000;
/** Of somebody who looks on: 5 s with the jitter. */
export const watchedMilliseconds = 4000;
/** ±25 %. */
const jitterShare = 0.25;
/** An overloaded gateway gets 4 s of peace at first. */
export const overloadedFailures = 3;
/** An hour. Who asks for more patience than people have is tried again then. */
export const longestAskedMilliseconds = 3_600_000;

export class RetryPolicy {
  #random;
  #failures = 0;

  /** @param {() => number} random */
  constructor(random) {
    this.#random = random;
  }

  /** Failures in a row. */
  get failures() {
    return this.#failures;
  }

  /** The connection has proven sound. */
  succeeded() {
    this.#failures = 0;
  }

  /**
   * Counts a failure and returns how long to wait, in milliseconds.
   * @param {number} [atLeastFailures] if the peer asks for patience: count at least this many failures before this one
   * @param {number} [longest] the longest wait, but for the jitter
   */
  failed(atLeastFailures = 0, longest = longestMilliseconds) {
    const failures = Math.max(this.#failures, atLeastFailures);
    this.#failures = failures + 1;
    if (failures === 0) return this.#random() * immediateMilliseconds;
    const base = Math.min(firstMilliseconds * 2 ** (failures - 1), longest);
    return base * (1 - jitterShare + this.#random() * 2 * jitterShare);
  }
}

/**
 * A wait that a peer asks all for alike: never less, and up to a quarter more, so that not all come at once.
 * @param {number} milliseconds
 * @param {() => number} random
 */
export const spread = (milliseconds, random) => Math.min(milliseconds, longestAskedMilliseconds) * (1 + random() * jitterShare);
