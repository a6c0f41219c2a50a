/** The WebSocket transport (docs/protocol.md, section 4). */
import { GateError } from './error.js';
import { parseMessage } from './messages.js';
import { passes, refusal } from './refusals.js';
import { postUpdates } from './requests.js';
import { SubscribeCommands, byteCount } from './subscribecommands.js';
import { SilenceTimer, deadHeartbeats, openMilliseconds, withTicket } from './transport.js';

/** Close codes (RFC 6455 §7.4.1): done, against policy, without a close frame, too big, try later. */
const [doneCode, policyCode, cutCode, tooBigCode, laterCode] = [1000, 1008, 1006, 1009, 1013];
/** Room for the id in a message. */
const idByteCount = 32;
/** How long a message of the first snapshot may take. */
const snapshotMilliseconds = 12_500;
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
  #isOver = false;
  /** The last error that answers no command: what ends a connection is said so before. */
  #complaint = /** @type {{code: string, message: string} | null} */ (null);
  /** @type {any} */
  #refresh = null;
  #lastID = 0;
  #commands;
  /** Other commands that wait for an answer. @type {Map<number, {settle: (answer: any) => void, fail: (error: Error) => void, timer: any}>} */
  #waiting = new Map();

  /** @param {import('./transport.js').Context} context */
  constructor(context) {
    this.#context = context;
    const { environment, sink, last } = context;
    this.#commands = new SubscribeCommands({ environment, sink, last, send: (message) => this.#send(message), end: (ending) => this.#leave(ending) });
    this.#silence = new SilenceTimer(context.environment, () => this.#fellSilent());
  }

  /** @param {import('./transport.js').Context} context */
  static isUsable({ environment }) {
    return typeof environment.WebSocket === 'function';
  }

  /** @param {import('./transport.js').Plan} plan */
  open(plan) {
    const { base, heartbeat, ticket } = this.#context;
    const url = new URL('ws', base);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = `heartbeat=${heartbeat}&stale=1`;
    if (!ticket) {
      this.#connect(url, plan);
      return;
    }
    ticket().then(
      (shown) => { if (!this.#isOver) this.#connect(withTicket(url, shown), plan); },
      (error) => this.#finish({ kind: 'lost', reason: `there is no ticket: ${error?.message ?? error}` }),
    );
  }

  /** @param {URL} url @param {import('./transport.js').Plan} plan */
  #connect(url, plan) {
    const { environment } = this.#context;
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
    this.#commands.subscribe(topics, null);
  }

  /** @param {string[]} topics */
  remove(topics) {
    this.#commands.unsubscribe(topics);
  }

  /** @param {number | null} maxRate */
  setPace(maxRate) {
    this.#send(JSON.stringify({ type: 'pace', maxRate }));
  }

  /** What is too long for a message goes as a request. @param {string} updates as JSON @param {string} [key] @returns {Promise<number>} */
  async publish(updates, key) {
    const message = `{"type":"publish",${key === undefined ? '' : `"key":${JSON.stringify(key)},`}"updates":${updates}}`;
    if (byteCount(message) + idByteCount > this.#commands.messageByteLimit) return postUpdates(this.#context, updates, key);
    return (await this.#ask(message)).accepted;
  }

  /** The round trip. @returns {Promise<number>} milliseconds */
  async measureLatency() {
    const { now } = this.#context.environment;
    const start = now();
    await this.#ask('{"type":"ping"}');
    return now() - start;
  }

  close() {
    this.#end();
    this.#socket?.close(1000);
  }

  /** @param {string} message an object as JSON; its id is added @returns {number} the id */
  #send(message) {
    this.#lastID += 1;
    if (!this.#isOver) this.#socket?.send(`{"id":${this.#lastID},${message.slice(1)}`);
    return this.#lastID;
  }

  /**
   * @param {string} message
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

  /** Of a message nothing is seen before it is whole, so the first ones, which are long, get more time. Nobody takes the values for current until then. */
  get #patience() {
    const milliseconds = this.#context.heartbeat * 1000 * deadHeartbeats;
    return this.#commands.isAnyLive ? milliseconds : Math.max(milliseconds, snapshotMilliseconds);
  }

  /** @param {import('./transport.js').Plan} plan */
  async #begin(plan) {
    try {
      await this.#authenticate(false);
    } catch (/** @type {any} */ error) {
      this.#leave({ kind: 'lost', reason: `there is no token: ${error?.message ?? error}` });
      return;
    }
    if (this.#isOver) return;
    this.#isReady = true;
    if (plan.maxRate !== null) this.setPace(plan.maxRate);
    if (plan.covered.length > 0) this.#commands.subscribe(plan.covered, plan.cursor);
    if (plan.uncovered.length > 0) this.#commands.subscribe(plan.uncovered, null);
  }

  /** Presents the token, if there is one; a fresh one if that is refused. @param {boolean} isRefresh */
  async #authenticate(isRefresh) {
    const { token: ask, sink } = this.#context;
    const token = await ask(isRefresh);
    if (!token || this.#isOver) return;
    try {
      this.#planRefresh((await this.#ask(JSON.stringify({ type: 'auth', token }))).expires);
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
    const { sink } = this.#context;
    sink.heard(byteCount(text));
    const message = parsed(text);
    if (!message) {
      this.#leave({ kind: 'lost', reason: 'what came is no message of a gateway' });
      return;
    }
    if (message.type !== 'welcome') this.#silence.allow(this.#patience);
    const cursor = this.#commands.doesCursorCount ? message.cursor : undefined;
    switch (message.type) {
      case 'welcome': this.#welcomed(message, plan); break;
      case 'updates': sink.updates(message.updates, cursor); break;
      case 'subscribed': this.#commands.subscribed(message); break;
      case 'unsubscribed': this.#unsubscribed(message); break;
      case 'live':
        this.#commands.live(message);
        this.#silence.restart(this.#patience);
        break;
      case 'heartbeat':
        if (cursor) sink.cursor(cursor);
        sink.away(message.stale === true);
        break;
      case 'gap': sink.gap(message); break;
      case 'stale': sink.stale(message, cursor); break;
      case 'goodbye': sink.goodbye(message.reconnectAfter, message.avoid, message.reason); break;
      case 'expiring': this.#renew(); break;
      case 'error': this.#refused(message); break;
      default: this.#takeWaiting(message.id)?.settle(message);
    }
  }

  /** @param {{limits?: {messageBytes?: number}}} message @param {import('./transport.js').Plan} plan */
  #welcomed({ limits }, plan) {
    this.#isWelcome = true;
    this.#commands.messageByteLimit = limits?.messageBytes ?? this.#commands.messageByteLimit;
    this.#silence.restart(this.#patience);
    this.#begin(plan);
  }

  #refused({ id, code, message, version }) {
    const waiting = this.#takeWaiting(id);
    if (waiting) {
      waiting.fail(new GateError(code, message, version));
      return;
    }
    if (this.#commands.refused({ id, code, message })) return;
    this.#complaint = { code, message };
    this.#context.sink.error(code, message);
  }

  /** Nobody asked: what is shown now does not cover these. @param {{id?: number, topics: string[], code?: string}} message */
  #unsubscribed(message) {
    if (message.code) this.#context.sink.refused(message.topics, message.code, `no longer allowed: ${message.topics.join(', ')}`);
    else this.#commands.unsubscribed(/** @type {{id: number}} */ (message));
  }

  #renew() {
    const { environment, sink } = this.#context;
    if (this.#refresh !== null) environment.clearTimeout(this.#refresh);
    this.#refresh = null;
    this.#authenticate(true).catch((error) => sink.error('unauthenticated', `there is no token: ${error?.message ?? error}`));
  }

  /** A token is renewed a little before it ends. @param {number | undefined} expires Unix seconds */
  #planRefresh(expires) {
    if (!expires || this.#isOver) return;
    const { environment } = this.#context;
    const left = Math.max(expires * 1000 - environment.date() - renewalMilliseconds, 1000);
    this.#refresh = environment.setTimeout(() => this.#renew(), left);
  }

  async #fellSilent() {
    if (this.#isWelcome) {
      this.#finish({ kind: 'lost', reason: 'nothing was heard for too long' });
      this.#socket?.close();
      return;
    }
    // Whatever holds the upgrade back: a gateway that answers nothing else either is not blocked, but away.
    this.#end();
    this.#socket?.close();
    this.#context.sink.closed({ ...(await probe(this.#context, 'the WebSocket did not open in time')), isCertain: true });
  }

  /** @param {import('./transport.js').Ending} ending */
  #leave(ending) {
    this.#finish(ending);
    this.#socket?.close(doneCode);
  }

  /** @param {CloseEvent} event */
  async #closed({ code, reason }) {
    if (this.#isOver) return;
    this.#silence.stop();
    const why = reason || (code === cutCode ? 'the connection was cut' : `the connection ended (${code})`);
    if (this.#isWelcome) {
      this.#finish(this.#endingAfter(code, why));
      return;
    }
    // A browser does not show whether the gateway is down or the upgrade is refused, so ask another way.
    this.#finish({ code, ...(await probe(this.#context, 'the upgrade was refused')) });
  }

  /** What a close code means behind what was said before it. @param {number} code @param {string} why @returns {import('./transport.js').Ending} */
  #endingAfter(code, why) {
    const complaint = code === doneCode ? null : this.#complaint;
    const kind = this.#kindAfter(code, complaint?.code ?? '');
    if (kind !== 'refused') return { kind, code, reason: why };
    const problem = complaint?.code ?? (code === tooBigCode ? 'payload_too_large' : undefined);
    return { kind, code, problem, reason: complaint?.message ?? why, isTold: complaint !== null };
  }

  /** @param {number} code @param {string} problem @returns {import('./transport.js').Ending['kind']} */
  #kindAfter(code, problem) {
    if (code === laterCode) return 'overloaded';
    // The same subscription would be too big again; nothing else is repeated.
    if (code === tooBigCode) return this.#commands.isSubscribing ? 'refused' : 'lost';
    if (code === policyCode && passes(problem)) return 'overloaded';
    // The token has ended: the next connection presents another.
    if (code === policyCode && problem === 'unauthenticated' && this.#commands.isAnyLive) return 'lost';
    return code === doneCode || code === policyCode ? 'refused' : 'lost';
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
    this.#commands.stop();
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
 * Why the upgrade failed: nobody is there, nobody of this name, or something on the way lets no upgrade through.
 * @param {import('./transport.js').Context} context
 * @param {string} reason if something on the way is to blame
 * @returns {Promise<import('./transport.js').Ending>}
 */
async function probe({ environment, base }, reason) {
  const abort = new AbortController();
  const timer = environment.setTimeout(() => abort.abort(), openMilliseconds);
  try {
    const answer = await environment.fetch(new URL('healthz', base), { cache: 'no-store', signal: abort.signal });
    if (answer.ok) return { kind: 'blocked', reason };
    const ending = await refusal(answer, environment.date());
    return ending.kind === 'refused' || ending.kind === 'blocked' ? ending : { kind: 'lost', reason: ending.reason };
  } catch {
    return { kind: 'lost', reason: 'the gateway can not be reached' };
  } finally {
    environment.clearTimeout(timer);
  }
}
