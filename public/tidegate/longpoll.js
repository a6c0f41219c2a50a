/** Long polling (docs/protocol.md, section 6): it gets through everything. */
import { parseMessage } from './messages.js';
import { patience, refusal } from './refusals.js';
import { Timer } from './timer.js';
import { SilenceTimer, deadHeartbeats, openMilliseconds, requestWithTicket, subscribing } from './transport.js';

/** How long the body of an answer may take. */
const transferMilliseconds = 10_000;
/** The least time between two answers without news, whoever gives them at once. */
const quietMilliseconds = 1000;
/** A smaller answer was not cut for its size, so the backlog is at its end. */
const shortAnswerByteCount = 32 * 1024;

export class LongPollTransport {
  #context;
  #abort = new AbortController();
  #silence;
  #pause;
  #isOver = false;
  #pace = /** @type {number | null} */ (null);
  /** Each answer has the next one. */
  #ticket = /** @type {string | null} */ (null);

  /** @param {import('./transport.js').Context} context */
  constructor(context) {
    this.#context = context;
    this.#pause = new Timer(context.environment);
    this.#silence = new SilenceTimer(context.environment, () => {
      this.#finish({ kind: 'lost', reason: 'no answer came in time' });
      this.#abort.abort();
    });
  }

  static isUsable() {
    return true;
  }

  get canChange() {
    return false;
  }

  /** @param {import('./transport.js').Plan} plan */
  async open({ covered, uncovered, cursor, maxRate }) {
    this.#pace = maxRate;
    try {
      if (cursor !== null && uncovered.length > 0) await this.#catchUp(uncovered);
      await this.#poll([...covered, ...uncovered], cursor);
    } catch (/** @type {any} */ error) {
      this.#finish(error?.ending ?? { kind: 'lost', reason: String(error?.message ?? error) });
    }
  }

  close() {
    this.#isOver = true;
    this.#silence.stop();
    this.#pause.stop();
    this.#abort.abort();
  }

  /** Reads a snapshot of `topics`. @param {string[]} topics */
  async #catchUp(topics) {
    const backlog = new Backlog();
    for (let cursor = null; !backlog.isRead && !this.#isOver; ) {
      const answer = await this.#ask(topics, cursor, 0);
      if (this.#isOver) return;
      this.#report(answer, false);
      cursor = answer.cursor;
      backlog.take(answer.byteCount);
    }
  }

  /**
   * @param {string[]} topics
   * @param {string | null} cursor
   */
  async #poll(topics, cursor) {
    const { environment, sink } = this.#context;
    const backlog = new Backlog();
    let isResumed = cursor !== null;
    while (!this.#isOver) {
      const wasRead = backlog.isRead;
      const askedAt = environment.now();
      const answer = await this.#ask(topics, cursor, wasRead ? this.#context.heartbeat : 0);
      if (this.#isOver) return;
      this.#report(answer, true);
      if (answer.reset) isResumed = false;
      const isNews = (answer.updates.length > 0 || answer.stale) && !answer.reset && answer.cursor !== cursor;
      cursor = answer.cursor;
      backlog.take(answer.byteCount);
      if (!wasRead) sink.covered(topics, answer.cursor);
      if (!wasRead && backlog.isRead) sink.live(isResumed, answer.away === true);
      // An answer to a poll that may wait names no time, unless the gateway drains.
      if (wasRead && answer.patience) {
        sink.goodbye(answer.patience, undefined, 'draining');
        return this.#finish({ kind: 'lost', reason: 'the gateway asks to come back later' });
      }
      // The gateway does not pace polls, so a slower pace means fewer.
      if (isNews) await this.#wait(this.#pace === null ? 0 : 1000 / this.#pace);
      else if (wasRead) await this.#wait(quietMilliseconds - (environment.now() - askedAt));
    }
  }

  /**
   * @param {string[]} topics
   * @param {string | null} cursor
   * @param {number} wait seconds
   */
  async #ask(topics, cursor, wait) {
    const { base, environment, sink, last } = this.#context;
    const { url, init, uploadMilliseconds } = subscribing(base, 'poll', topics, { cursor, last, wait });
    this.#silence.restart(uploadMilliseconds + (wait > 0 ? wait * 1000 * deadHeartbeats : openMilliseconds));
    const response = await requestWithTicket(this.#context, url, { ...init, signal: this.#abort.signal }, this.#ticket);
    this.#ticket = null;
    if (this.#isOver) return null;
    this.#silence.restart(transferMilliseconds);
    if (!response.ok) throw Object.assign(new Error('refused'), { ending: await refusal(response, environment.date()) });
    const content = await response.arrayBuffer();
    this.#silence.stop();
    sink.heard(content.byteLength);
    const answer = parseMessage(new TextDecoder().decode(content));
    this.#ticket = answer.ticket ?? null;
    return { ...answer, byteCount: content.byteLength, patience: patience(response, environment.date()) };
  }

  /** @param {boolean} isCursorKept */
  #report(answer, isCursorKept) {
    const { sink } = this.#context;
    if (answer.reset) sink.reset('the gateway could not honour the cursor');
    for (const gap of answer.gaps ?? []) sink.gap(gap);
    if (answer.updates.length > 0) sink.updates(answer.updates, isCursorKept ? answer.cursor : undefined);
    else if (isCursorKept) sink.cursor(answer.cursor);
    for (const staleness of answer.stale ?? []) sink.stale(staleness);
    sink.away(answer.away === true);
  }

  /** @param {number} milliseconds */
  async #wait(milliseconds) {
    if (milliseconds > 0) await new Promise((resume) => this.#pause.start(milliseconds, () => resume(undefined)));
  }

  /** @param {import('./transport.js').Ending} ending */
  #finish(ending) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#silence.stop();
    this.#context.sink.closed(ending);
  }
}

/** Detects the end of a backlog: answers cut for their size have about the same length, and the last one is shorter. */
class Backlog {
  isRead = false;
  #longest = 0;

  /** @param {number} byteCount of the answer that came */
  take(byteCount) {
    this.#longest = Math.max(this.#longest, byteCount);
    if (byteCount < Math.max(shortAnswerByteCount, this.#longest / 2)) this.isRead = true;
  }
}
