/** Long polling (docs/protocol.md, section 6): it gets through everything. */
import { parseMessage } from './messages.js';
import { SilenceTimer, openMilliseconds, queryURL, refusal, request } from './transport.js';

/** Seconds that the gateway may wait for updates. */
const waitSeconds = 25;
/** The time of an answer, without the waiting. */
const transferMilliseconds = 10_000;
/** A smaller answer was not cut for its size, so the backlog is at its end. */
const shortAnswerByteCount = 32 * 1024;

export class LongPollTransport {
  #context;
  #abort = new AbortController();
  #silence;
  #isOver = false;
  #pace = /** @type {number | null} */ (null);

  /** @param {import('./transport.js').Context} context */
  constructor(context) {
    this.#context = context;
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
    const { sink } = this.#context;
    const backlog = new Backlog();
    let isResumed = cursor !== null;
    while (!this.#isOver) {
      const wasRead = backlog.isRead;
      const answer = await this.#ask(topics, cursor, wasRead ? waitSeconds : 0);
      if (this.#isOver) return;
      this.#report(answer, true);
      if (answer.reset) isResumed = false;
      cursor = answer.cursor;
      backlog.take(answer.byteCount);
      if (!wasRead) sink.covered(topics, answer.cursor);
      if (!wasRead && backlog.isRead) sink.live(isResumed);
      if (this.#pace !== null && answer.updates.length > 0) await this.#pause(1000 / this.#pace);
    }
  }

  /**
   * @param {string[]} topics
   * @param {string | null} cursor
   * @param {number} wait seconds
   */
  async #ask(topics, cursor, wait) {
    this.#silence.restart(wait * 1000 + (wait > 0 ? transferMilliseconds : openMilliseconds));
    const url = queryURL(this.#context.base, 'poll', topics, { cursor, wait });
    const response = await request(this.#context, url, { signal: this.#abort.signal });
    if (!response.ok) throw Object.assign(new Error('refused'), { ending: await refusal(response) });
    const content = await response.arrayBuffer();
    this.#silence.stop();
    this.#context.sink.heard(content.byteLength);
    return { ...parseMessage(new TextDecoder().decode(content)), byteCount: content.byteLength };
  }

  /** @param {boolean} isCursorKept */
  #report(answer, isCursorKept) {
    const { sink } = this.#context;
    if (answer.reset) sink.reset('the gateway could not honour the cursor');
    for (const gap of answer.gaps ?? []) sink.gap(gap);
    if (answer.updates.length > 0) sink.updates(answer.updates, isCursorKept ? answer.cursor : undefined);
    else if (isCursorKept) sink.cursor(answer.cursor);
  }

  /** The gateway does not pace polls, so a slower pace means fewer requests. @param {number} milliseconds */
  #pause(milliseconds) {
    return new Promise((resume) => {
      this.#context.environment.setTimeout(() => resume(undefined), milliseconds);
    });
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
