/**
 * Server-Sent Events (docs/protocol.md, section 5), read with `fetch`: `EventSource` cannot send a token, hides
 * the blocks that only move the cursor and the reasons of refusals, and is missing in Node 20.
 */
import { EventParser } from './eventparser.js';
import { parseUpdate } from './messages.js';
import { lasts, refusal } from './refusals.js';
import { SilenceTimer, deadHeartbeats, openMilliseconds, requestWithTicket, subscribing } from './transport.js';

export class EventStreamTransport {
  #context;
  #abort = new AbortController();
  #silence;
  #isOver = false;
  #isLive = false;
  /** The reason of its goodbye. */
  #goodbye = '';

  /** @param {import('./transport.js').Context} context */
  constructor(context) {
    this.#context = context;
    this.#silence = new SilenceTimer(context.environment, () => this.#fellSilent());
  }

  static isUsable() {
    return typeof ReadableStream === 'function';
  }

  /** A stream's URL names its topics, so another plan needs another stream. */
  get canChange() {
    return false;
  }

  /**
   * Patterns that the cursor does not cover get a stream of their own until that is live. Then one stream carries
   * all patterns from the older cursor on, so that no update falls between the two.
   * @param {import('./transport.js').Plan} plan
   */
  async open(plan) {
    const { maxRate, cursor, covered, uncovered } = plan;
    try {
      const isBehind = cursor !== null && uncovered.length > 0;
      if (!isBehind || (await this.#read(uncovered, null, null, true))) await this.#read([...covered, ...uncovered], cursor, maxRate, false);
      this.#finish(this.#ending);
    } catch (/** @type {any} */ error) {
      this.#finish(error?.ending ?? { kind: 'lost', reason: String(error?.message ?? error) });
    }
  }

  close() {
    this.#isOver = true;
    this.#silence.stop();
    this.#abort.abort();
  }

  /**
   * @param {string[]} topics
   * @param {string | null} cursor
   * @param {number | null} maxRate
   * @param {boolean} endsWhenLive
   * @returns {Promise<boolean>} whether it became live and goes no further; if not, it ended by itself
   */
  async #read(topics, cursor, maxRate, endsWhenLive) {
    const { base, environment, heartbeat, last } = this.#context;
    const { url, init, uploadMilliseconds } = subscribing(base, 'sse', topics, { cursor, last, maxRate, heartbeat });
    this.#silence.restart(openMilliseconds + uploadMilliseconds);
    const headers = { ...init.headers, Accept: 'text/event-stream' };
    const response = await requestWithTicket(this.#context, url, { ...init, headers, signal: this.#abort.signal });
    await demandEventStream(response, environment.date());
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { value, done } = await reader.read();
      if (done && parser.retry !== null && !this.#isLive) this.#context.sink.goodbye(parser.retry);
      if (done || this.#isOver) return false;
      this.#context.sink.heard(value.length);
      const isLive = this.#take(parser.push(decoder.decode(value, { stream: true })), topics, endsWhenLive);
      if (this.#isOver) return false;
      if (isLive) this.#silence.stop();
      this.#silence.allow(this.#isLive ? heartbeat * 1000 * deadHeartbeats : openMilliseconds);
      if (isLive && endsWhenLive) {
        await reader.cancel();
        return true;
      }
    }
  }

  /**
   * @param {import('./eventparser.js').StreamEvent[]} events
   * @param {string[]} topics
   * @param {boolean} isCatchingUp its cursors cover only a part of the subscriptions, and are not kept
   * @returns {boolean} whether the stream became live
   */
  #take(events, topics, isCatchingUp) {
    const { sink } = this.#context;
    let isLive = false;
    /** @type {import('./transport.js').Update[]} */
    let updates = [];
    const flush = (/** @type {string | null} */ cursor) => {
      const isKept = cursor !== null && !isCatchingUp;
      if (updates.length > 0) sink.updates(updates, isKept ? cursor : undefined);
      else if (isKept) sink.cursor(cursor);
      updates = [];
    };
    for (const { type, data, id } of events) {
      if (type === 'message') {
        if (data !== null) updates.push(parseUpdate(data));
        if (id !== null) flush(id);
        continue;
      }
      flush(null);
      if (data === null) continue;
      const content = JSON.parse(data);
      if (type === 'live') {
        isLive = true;
        if (!isCatchingUp) this.#becameLive(topics, /** @type {string} */ (id), content.resumed, content.stale === true);
        continue;
      }
      if (type === 'reset') sink.reset(content.reason ?? 'the gateway could not honour the cursor');
      else if (type === 'gap') sink.gap(content);
      else if (type === 'stale') sink.stale(content);
      else if (type === 'goodbye') this.#bidden(content);
      else if (type === 'heartbeat') sink.away(content.stale === true);
      // That of a reset is empty: there is none any more.
      if (id && !isCatchingUp) sink.cursor(id);
    }
    flush(null);
    return isLive;
  }

  /**
   * @param {string[]} topics
   * @param {string} cursor
   * @param {boolean} isResumed
   * @param {boolean} isAway
   */
  #becameLive(topics, cursor, isResumed, isAway) {
    this.#isLive = true;
    this.#context.sink.covered(topics, cursor);
    this.#context.sink.live(isResumed, isAway);
  }

  /** @param {{reason: string, reconnectAfter?: number, avoid?: string}} content */
  #bidden({ reason, reconnectAfter, avoid }) {
    this.#goodbye = reason;
    if (reconnectAfter !== undefined) this.#context.sink.goodbye(reconnectAfter, avoid, reason);
  }

  /** Why the stream has ended. */
  get #ending() {
    const problem = this.#goodbye;
    /** @type {import('./transport.js').Ending['kind']} */
    const kind = lasts(problem) ? 'refused' : problem === 'overloaded' ? problem : 'lost';
    return { kind, problem, reason: problem ? `the gateway ended the stream: ${problem.replaceAll('_', ' ')}` : 'the stream ended' };
  }

  /** The gateway accepted the stream, but it fell silent before it was live: a proxy holds it back. */
  #fellSilent() {
    this.#finish(
      this.#isLive
        ? { kind: 'lost', reason: 'nothing was heard for too long' }
        : { kind: 'blocked', isCertain: true, reason: 'the event stream did not arrive in time' },
    );
    this.#abort.abort();
  }

  /** @param {import('./transport.js').Ending} ending */
  #finish(ending) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#silence.stop();
    this.#context.sink.closed(ending);
  }
}

/** @param {Response} response @param {number} now Unix milliseconds */
async function demandEventStream(response, now) {
  if (response.status === 204) {
    throw Object.assign(new Error('stopped'), { ending: { kind: 'refused', reason: 'the gateway ended it', code: 204 } });
  }
  if (!response.ok) throw Object.assign(new Error('refused'), { ending: await refusal(response, now) });
  if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
    const reason = 'what answered is no event stream';
    throw Object.assign(new Error(reason), { ending: { kind: 'blocked', isCertain: true, reason } });
  }
}
