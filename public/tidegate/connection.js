/** One connection: a transport by its name, and its plan. Once dropped, it reports nothing more. */
import { EventStreamTransport } from './eventstream.js';
import { LongPollTransport } from './longpoll.js';
import { longestAskedMilliseconds } from './retry.js';
import { WebSocketTransport } from './websocket.js';

/**
 * @typedef {import('./ladder.js').TransportName} TransportName
 * @typedef {import('./transport.js').Surroundings} Surroundings
 * @typedef {import('./transport.js').Sink} Sink
 *
 * @typedef {object} Goodbye
 * @property {number} milliseconds until it is to come back
 * @property {string | null} avoided the name of a node not to come back to
 * @property {string} [reason] `draining`, `replaced`, …
 */

/** @type {Record<string, any>} */
const transports = { ws: WebSocketTransport, sse: EventStreamTransport, poll: LongPollTransport };

/** Whether this environment has the transport. @param {string} name @param {Surroundings} surroundings @returns {boolean} */
export const isUsable = (name, surroundings) => transports[name]?.isUsable(surroundings) ?? false;

export class Connection {
  /** @type {any} */
  #transport;
  /** @type {Set<string>} */
  #carried = new Set();
  #goodbye = /** @type {Goodbye | null} */ (null);
  #isOver = false;

  /**
   * @param {TransportName} name
   * @param {Surroundings} surroundings
   * @param {Partial<Omit<Sink, 'goodbye'>>} sink missing members are not called
   */
  constructor(name, surroundings, sink) {
    this.#transport = new transports[name]({ ...surroundings, sink: this.#guard(sink) });
  }

  /** What the gateway asked for at the end, or null. */
  get goodbye() {
    return this.#goodbye;
  }

  /** Whether it takes changes and commands now. If not, another connection or a request must. @returns {boolean} */
  get canChange() {
    return this.#transport.canChange;
  }

  /** @param {import('./transport.js').Plan} plan */
  open(plan) {
    this.#carried = new Set([...plan.covered, ...plan.uncovered]);
    this.#transport.open(plan);
  }

  /**
   * Carries these patterns from now on.
   * @param {Set<string>} wanted
   * @returns {boolean} false where that takes another connection
   */
  carry(wanted) {
    const added = [...wanted].filter((pattern) => !this.#carried.has(pattern));
    const removed = [...this.#carried].filter((pattern) => !wanted.has(pattern));
    if (added.length + removed.length === 0) return true;
    if (!this.canChange) return false;
    this.#carried = wanted;
    if (added.length > 0) this.#transport.add(added);
    if (removed.length > 0) this.#transport.remove(removed);
    return true;
  }

  /**
   * @param {number | null} maxRate
   * @returns {boolean} false where that takes another connection
   */
  setPace(maxRate) {
    if (!this.canChange) return false;
    this.#transport.setPace(maxRate);
    return true;
  }

  /** @param {string} updates as JSON @param {string} [key] @returns {Promise<number>} how many were accepted */
  publish(updates, key) {
    return this.#transport.publish(updates, key);
  }

  /** @returns {Promise<number>} milliseconds */
  measureLatency() {
    return this.#transport.measureLatency();
  }

  /** Drops the connection. */
  close() {
    this.#isOver = true;
    this.#transport.close();
  }

  /** @param {Partial<Omit<Sink, 'goodbye'>>} sink @returns {Sink} */
  #guard(sink) {
    const unlessOver = (/** @type {((...values: any[]) => void) | undefined} */ report) => (/** @type {any[]} */ ...values) => {
      if (!this.#isOver) report?.(...values);
    };
    return {
      heard: unlessOver(sink.heard),
      updates: unlessOver(sink.updates),
      cursor: unlessOver(sink.cursor),
      // Patterns removed since then are not covered any more.
      covered: unlessOver((patterns, cursor) => sink.covered?.(patterns.filter((pattern) => this.#carried.has(pattern)), cursor)),
      live: unlessOver(sink.live),
      away: unlessOver(sink.away),
      reset: unlessOver(sink.reset),
      gap: unlessOver(sink.gap),
      stale: unlessOver(sink.stale),
      goodbye: unlessOver((milliseconds, avoided = null, reason = undefined) => {
        this.#goodbye = { milliseconds: Math.min(milliseconds, longestAskedMilliseconds), avoided, reason };
      }),
      refused: unlessOver(sink.refused),
      error: unlessOver(sink.error),
      closed: unlessOver(sink.closed),
    };
  }
}
