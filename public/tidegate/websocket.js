/** The WebSocket transport (docs/protocol.md, section 4). */
import { GateError } from './error.js';
import { parseMessage } from './messages.js';
import { SilenceTimer, deadHeartbeats, openMilliseconds } from './transport.js';

/** Close codes after which reconnecting would be useless: done, and against policy. */
const finalCodes = new Set([1000, 1008]);
/** The code that a browser reports without a close frame. */
const cutCode = 1006;
const encoder = new TextEncoder();
/** How long an answer to a command may take. */
const answerMilliseconds = 10_000;
/** How long before its end a token is renewed. */
const renewalMilliseconds = 30_000;

export class WebSocketTransport {
  #context;
  /** @type {WebSocket | null} */
  #socket = null;
  #silence;
  #isWelcome = false;
  /** Whether the plan was sent, so that changes to it can follow. */
  #isReady = false;
  /** Whether any subscription was granted and its snapshot is complete. */
  #isLive = false;
  #isOver = false;
  /** @type {any} */
  #refresh = null;
  #lastID = 0;
  /** Subscribe commands that are not live yet: their topics, and whether they had a cursor. @type {Map<number, {topics: string[], hasCursor: boolean, isResumed: boolean}>} */
  #pending = new Map();
  /** Commands that wait for an answer. @type {Map<number, {settle: (answer: any) => void, fail: (error: Error) => void, timer: any}>} */
  #waiting = new Map();

  /** @param {import('./transport.js').Context} context */
  constructor(context) {
    this.#context = context;
    this.#silence = new SilenceTimer(context.environment, () => this.#fellSilent());
  }

  /** @param {import('./transport.js').Context} context */
  static isUsable({ environment }) {
    return typeof environment.WebSocket === 'function';
  }

  /** @param {import('./transport.js').Plan} plan */
  open(plan) {
    const { base, environment, heartbeat } = this.#context;
    const url = new URL('ws', base);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = `heartbeat=${heartbeat}`;
    this.#silence.allow(openMilliseconds);
    const Socket = /** @type {typeof WebSocket} */ (environment.WebSocket);
    const socket = new Socket(url, 'tidegate.v1');
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#received(data, plan);
    socket.onclose = (event) => this.#closed(event);
    // A browser hides the reason; `onclose` follows.
    socket.onerror = () => {};
  }

  /** Whether a changed plan needs a new connection. Here it does not: only the changes are sent. */
  get canChange() {
    return this.#isReady && !this.#isOver;
  }

  /** @param {string[]} topics */
  add(topics) {
    this.#subscribe(topics, null);
  }

  /** @param {string[]} topics */
  remove(topics) {
    this.#send({ type: 'unsubscribe', topics });
  }

  /** @param {number | null} maxRate */
  setPace(maxRate) {
    this.#send({ type: 'pace', maxRate });
  }

  /** @param {{topic: string, data?: any, deleted?: true}[]} updates */
  async publish(updates) {
    return (await this.#ask({ type: 'publish', updates })).accepted;
  }

  /** The round trip. @returns {Promise<number>} milliseconds */
  async measureLatency() {
    const { now } = this.#context.environment;
    const start = now();
    await this.#ask({ type: 'ping' });
    return now() - start;
  }

  close() {
    this.#end();
    this.#socket?.close(1000);
  }

  /** @param {Record<string, unknown>} message */
  #send(message) {
    this.#lastID += 1;
    this.#socket?.send(JSON.stringify({ id: this.#lastID, ...message }));
    return this.#lastID;
  }

  /**
   * @param {Record<string, unknown>} message
   * @returns {Promise<any>} the gateway's answer
   */
  #ask(message) {
    const { environment } = this.#context;
    return new Promise((settle, fail) => {
      const id = this.#send(message);
      const timer = environment.setTimeout(() => {
        this.#waiting.delete(id);
        fail(new GateError('unreachable', 'The gateway did not answer in time.'));
      }, answerMilliseconds);
      this.#waiting.set(id, { settle, fail, timer });
    });
  }

  /** @param {number} id */
  #takeWaiting(id) {
    const waiting = this.#waiting.get(id);
    if (waiting) this.#context.environment.clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    return waiting;
  }

  /**
   * @param {string[]} topics
   * @param {string | null} cursor
   */
  #subscribe(topics, cursor) {
    const id = this.#send({ type: 'subscribe', topics, ...(cursor ? { cursor } : {}) });
    this.#pending.set(id, { topics, hasCursor: cursor !== null, isResumed: false });
  }

  /** @param {import('./transport.js').Plan} plan */
  async #begin(plan) {
    try {
      await this.#authenticate(false);
    } catch (/** @type {any} */ error) {
      this.#finish({ kind: 'lost', reason: `there is no token: ${error?.message ?? error}` });
      this.#socket?.close(1000);
      return;
    }
    if (this.#isOver) return;
    this.#isReady = true;
    if (plan.maxRate !== null) this.setPace(plan.maxRate);
    if (plan.covered.length > 0) this.#subscribe(plan.covered, plan.cursor);
    if (plan.uncovered.length > 0) this.#subscribe(plan.uncovered, null);
  }

  /** Presents the token, if there is one; a fresh one if that is refused. @param {boolean} isRefresh */
  async #authenticate(isRefresh) {
    const { token: ask, sink } = this.#context;
    const token = await ask(isRefresh);
    if (!token || this.#isOver) return;
    try {
      this.#planRefresh((await this.#ask({ type: 'auth', token })).expires);
    } catch (/** @type {any} */ error) {
      if (this.#isOver) return;
      if (error.code === 'unauthenticated' && !isRefresh) await this.#authenticate(true);
      else sink.error(error.code, error.message);
    }
  }

  /**
   * @param {string} text
   * @param {import('./transport.js').Plan} plan
   */
  #received(text, plan) {
    if (this.#isOver) return;
    const { sink, heartbeat } = this.#context;
    sink.heard(encoder.encode(text).length);
    const message = parsed(text);
    if (!message) {
      this.#finish({ kind: 'lost', reason: 'what came is no message of a gateway' });
      this.#socket?.close(1000);
      return;
    }
    if (message.type !== 'welcome') this.#silence.allow(heartbeat * 1000 * deadHeartbeats);
    switch (message.type) {
      case 'welcome':
        this.#isWelcome = true;
        this.#silence.restart(heartbeat * 1000 * deadHeartbeats);
        this.#begin(plan);
        break;
      case 'updates': sink.updates(message.updates, message.cursor); break;
      case 'subscribed': this.#subscribed(message); break;
      case 'live': this.#live(message); break;
      case 'heartbeat': if (message.cursor) sink.cursor(message.cursor); break;
      case 'gap': sink.gap(message); break;
      case 'goodbye': sink.goodbye(message.reconnectAfter); break;
      case 'error': this.#refused(message); break;
      default: this.#takeWaiting(message.id)?.settle(message);
    }
  }

  #subscribed({ id, resumed }) {
    const pending = this.#pending.get(id);
    if (!pending) return;
    pending.isResumed = resumed;
    if (pending.hasCursor && !resumed) this.#context.sink.reset('the gateway could not honour the cursor');
  }

  #live({ id, cursor }) {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    this.#isLive = true;
    this.#context.sink.covered(pending.topics, cursor);
    if (this.#pending.size === 0) this.#context.sink.live(pending.isResumed);
  }

  #refused({ id, code, message }) {
    const waiting = this.#takeWaiting(id);
    if (waiting) {
      waiting.fail(new GateError(code, message));
      return;
    }
    const isSubscription = this.#pending.delete(id);
    if (isSubscription && this.#pending.size === 0 && !this.#isLive) {
      this.#finish({ kind: 'refused', problem: code, reason: message });
      this.#socket?.close(1000);
      return;
    }
    this.#context.sink.error(code, message);
    if (isSubscription && this.#pending.size === 0) this.#context.sink.live(false);
  }

  /** A token is renewed a little before it ends. @param {number | undefined} expires Unix seconds */
  #planRefresh(expires) {
    if (!expires || this.#isOver) return;
    const { environment, sink } = this.#context;
    const left = Math.max(expires * 1000 - environment.date() - renewalMilliseconds, 1000);
    this.#refresh = environment.setTimeout(() => {
      this.#authenticate(true).catch((error) => sink.error('unauthenticated', `there is no token: ${error?.message ?? error}`));
    }, left);
  }

  #fellSilent() {
    const ending = this.#isWelcome ? { kind: /** @type {const} */ ('lost'), reason: 'nothing was heard for too long' }
      : { kind: /** @type {const} */ ('blocked'), isCertain: true, reason: 'the WebSocket did not open in time' };
    this.#finish(ending);
    this.#socket?.close();
  }

  /** @param {CloseEvent} event */
  async #closed({ code, reason }) {
    if (this.#isOver) return;
    this.#silence.stop();
    const why = reason || (code === cutCode ? 'the connection was cut' : `the connection ended (${code})`);
    if (this.#isWelcome) {
      const kind = finalCodes.has(code) ? 'refused' : code === 1013 ? 'overloaded' : 'lost';
      this.#finish({ kind, code, reason: why });
      return;
    }
    // A browser does not show whether the gateway is down or a proxy refuses upgrades, so ask another way.
    const isThere = await isReachable(this.#context);
    this.#finish({ kind: isThere ? 'blocked' : 'lost', code, reason: isThere ? 'the upgrade was refused' : 'the gateway can not be reached' });
  }

  /** @param {import('./transport.js').Ending} ending */
  #finish(ending) {
    if (this.#isOver) return;
    this.#end();
    this.#context.sink.closed(ending);
  }

  #end() {
    this.#isOver = true;
    this.#silence.stop();
    if (this.#refresh !== null) this.#context.environment.clearTimeout(this.#refresh);
    for (const id of [...this.#waiting.keys()]) {
      this.#takeWaiting(id)?.fail(new GateError('unreachable', 'The connection ended before the answer.'));
    }
  }
}

/** @param {string} text @returns {any} null when it is no JSON */
function parsed(text) {
  try {
    return parseMessage(text);
  } catch {
    return null;
  }
}

/**
 * Whether anything answers at the gateway's address.
 * @param {import('./transport.js').Context} context
 */
async function isReachable({ environment, base }) {
  const abort = new AbortController();
  const timer = environment.setTimeout(() => abort.abort(), openMilliseconds);
  try {
    const answer = await environment.fetch(new URL('healthz', base), { cache: 'no-store', signal: abort.signal });
    return answer.ok;
  } catch {
    return false;
  } finally {
    environment.clearTimeout(timer);
  }
}
