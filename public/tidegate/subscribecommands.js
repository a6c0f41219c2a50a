/**
 * The `subscribe` and `unsubscribe` commands of a WebSocket. Where the topics of one do not fit into a message they go in parts,
 * each once the one before is answered. To all others they are one subscription: refused as a whole, live as a whole.
 */
import { passes } from './refusals.js';
import { RetryPolicy, overloadedFailures } from './retry.js';
import { Timer } from './timer.js';

/**
 * @typedef {object} Whole a subscription
 * @property {string[]} topics
 * @property {boolean} isResuming whether it began with a cursor
 * @property {string | null} cursor of the parts to come
 * @property {number} count of its parts
 * @property {number} granted parts
 * @property {number} live parts
 *
 * @typedef {object} Part a command
 * @property {'subscribe' | 'unsubscribe'} type
 * @property {string[]} topics
 * @property {Whole | null} whole null for an `unsubscribe`
 * @property {boolean} isFollowed by another part
 */

/** Room in a message for all but its topics. */
const envelopeByteCount = 256;
const encoder = new TextEncoder();

/** @param {string} text */
export const byteCount = (text) => encoder.encode(text).length;

export class SubscribeCommands {
  #sink;
  #last;
  #send;
  #end;
  #retry;
  #retryTimer;
  /** What has yet to be sent. @type {Part[]} */
  #waiting = [];
  /** What was sent, by its id: subscribes until they are live, unsubscribes until they are answered. @type {Map<number, Part>} */
  #sent = new Map();
  /** Subscriptions that are not live yet. @type {Set<Whole>} */
  #wholes = new Set();
  /** What the last `live` said of the gateway. */
  #isAway = false;
  /** Nothing is sent before this part is answered. @type {Part | null} */
  #awaited = null;
  /** Whether a subscription was granted and its snapshot is complete. */
  isAnyLive = false;
  /** What a message may have. A gateway that does not tell takes 64 KiB. */
  messageByteLimit = 64 * 1024;

  /**
   * @param {object} parts
   * @param {import('./environment.js').Environment} parts.environment
   * @param {import('./transport.js').Sink} parts.sink
   * @param {number | null} parts.last
   * @param {(message: string) => number} parts.send returns the message's id
   * @param {(ending: import('./transport.js').Ending) => void} parts.end ends the connection
   */
  constructor({ environment, sink, last, send, end }) {
    this.#sink = sink;
    this.#last = last;
    this.#send = send;
    this.#end = end;
    this.#retry = new RetryPolicy(environment.random);
    this.#retryTimer = new Timer(environment);
  }

  /** Whether the gateway has yet to grant a subscription. */
  get isSubscribing() {
    return [...this.#wholes].some(({ granted, count }) => granted < count);
  }

  /** Whether a cursor that comes now counts. Between the parts of a subscription that resumes it knows nothing of the later ones. */
  get doesCursorCount() {
    return ![...this.#wholes].some(({ isResuming, granted, count }) => isResuming && granted < count);
  }

  /** @param {string[]} topics @param {string | null} cursor */
  subscribe(topics, cursor) {
    const whole = { topics, cursor, isResuming: cursor !== null, count: 0, granted: 0, live: 0 };
    this.#wholes.add(whole);
    whole.count = this.#plan('subscribe', topics, whole);
    this.#proceed();
  }

  /** @param {string[]} topics */
  unsubscribe(topics) {
    this.#plan('unsubscribe', topics, null);
    this.#proceed();
  }

  /** The connection is over. */
  stop() {
    this.#waiting = [];
    this.#retryTimer.stop();
  }

  // Answers.

  /** @param {{id: number, resumed: boolean}} answer */
  subscribed({ id, resumed }) {
    const part = this.#sent.get(id);
    if (!part?.whole) return;
    const { whole } = part;
    whole.granted += 1;
    if (whole.cursor !== null && !resumed) {
      whole.cursor = null;
      this.#sink.reset('the gateway could not honour the cursor');
      // What the parts before were sent is forgotten with the rest, and only a new connection is sent it again.
      if (whole.granted > 1) return this.#end({ kind: 'lost', reason: 'the cursor was too old for some of the topics' });
    }
    this.#answered(part);
  }

  /** @param {{id: number}} answer */
  unsubscribed({ id }) {
    const part = this.#sent.get(id);
    if (!part) return;
    this.#sent.delete(id);
    this.#answered(part);
  }

  /** @param {{id: number, cursor: string, stale?: boolean}} answer */
  live({ id, cursor, stale = false }) {
    const whole = this.#sent.get(id)?.whole;
    if (!whole) return;
    this.#sent.delete(id);
    this.isAnyLive = true;
    whole.live += 1;
    if (whole.live < whole.count) return;
    this.#wholes.delete(whole);
    this.#sink.covered(whole.topics, cursor);
    this.#isAway = stale;
    if (this.#wholes.size === 0) this.#sink.live(whole.cursor !== null, stale);
  }

  /** @param {{id: number, code: string, message: string}} error @returns {boolean} whether it was the answer to a command of these */
  refused({ id, code, message }) {
    const part = this.#sent.get(id);
    if (!part) return false;
    this.#sent.delete(id);
    if (passes(code)) this.#postpone(part, code, message);
    else if (part.whole) this.#giveUp(part.whole, code, message);
    else this.#sink.error(code, message);
    if (!passes(code)) this.#answered(part);
    return true;
  }

  // Sending.

  /** @param {Part['type']} type @param {string[]} topics @param {Whole | null} whole */
  #plan(type, topics, whole) {
    const lists = split(topics, this.messageByteLimit - envelopeByteCount);
    for (const [place, list] of lists.entries()) this.#waiting.push({ type, topics: list, whole, isFollowed: place + 1 < lists.length });
    return lists.length;
  }

  #proceed() {
    while (this.#awaited === null) {
      const part = this.#waiting.shift();
      if (!part) return;
      this.#sent.set(this.#send(JSON.stringify({ type: part.type, topics: part.topics, ...this.#beginning(part.whole) })), part);
      if (part.isFollowed) this.#awaited = part;
    }
  }

  /** Where the updates begin. After a reset the parts to come begin as the first one did: with all. @param {Whole | null} whole */
  #beginning(whole) {
    if (whole?.cursor) return { cursor: whole.cursor };
    return whole && !whole.isResuming && this.#last !== null ? { last: this.#last } : {};
  }

  /** @param {Part} part */
  #answered(part) {
    if (this.#awaited === part) this.#awaited = null;
    this.#proceed();
  }

  /** A refusal that passes. What is subscribed goes on meanwhile; if nothing is, others are given the connection's room. */
  #postpone(part, code, message) {
    if (!this.isAnyLive) return this.#end({ kind: 'overloaded', problem: code, reason: message });
    this.#sink.error(code, message);
    this.#awaited = part;
    this.#waiting.unshift(part);
    this.#retryTimer.start(this.#retry.failed(overloadedFailures), () => this.#answered(part));
  }

  /** A refusal that lasts is one of the whole subscription: what of it was granted is no longer wanted. @param {Whole} whole */
  #giveUp(whole, code, message) {
    this.#waiting = this.#waiting.filter((part) => part.whole !== whole);
    for (const [id, part] of this.#sent) if (part.whole === whole) this.#sent.delete(id);
    this.#wholes.delete(whole);
    this.#sink.refused(whole.topics, code, message);
    if (this.#wholes.size === 0 && this.isAnyLive) this.#sink.live(false, this.#isAway);
  }
}

/** Lists of topics that have at most `byteLimit` bytes each as JSON, or one topic. @param {string[]} topics @param {number} byteLimit */
function split(topics, byteLimit) {
  /** @type {string[][]} */
  const lists = [];
  let left = 0;
  for (const topic of topics) {
    const needed = byteCount(JSON.stringify(topic)) + 1;
    if (lists.length === 0 || needed > left) {
      lists.push([]);
      left = byteLimit;
    }
    lists.at(-1)?.push(topic);
    left -= needed;
  }
  return lists;
}
