/** The client: subscriptions on one side, one connection at a time on the other, and the cursor between them. */
import { Board } from './board.js';
import { callOut } from './callout.js';
import { realEnvironment } from './environment.js';
import { GateError } from './error.js';
import { EventStreamTransport } from './eventstream.js';
import { Ladder, transportNames } from './ladder.js';
import { LongPollTransport } from './longpoll.js';
import { topicFault } from './patterns.js';
import { RetryPolicy } from './retry.js';
import { openMilliseconds, refusal, request } from './transport.js';
import { WebSocketTransport } from './websocket.js';

/**
 * @typedef {import('./transport.js').Update} Update
 * @typedef {import('./ladder.js').TransportName} TransportName
 * @typedef {'idle' | 'connecting' | 'live' | 'waiting' | 'offline' | 'hidden' | 'closed'} State
 *
 * @typedef {object} Options
 * @property {TransportName | 'auto'} [transport] `auto` (default) chooses down from WebSocket, and up again later
 * @property {(details: {isRefresh: boolean}) => string | null | Promise<string | null>} [token] asked whenever one is needed; with `isRefresh` the last one was refused or ends soon
 * @property {number | null} [maxRate] updates of a topic a second; null (default) for no limit
 * @property {number} [heartbeat] seconds of silence after which the gateway shows life, 1 to 60; default 5
 * @property {number} [pauseHiddenAfter] milliseconds after which a hidden page lets go of its connection; default 5 minutes, `Infinity` for never
 * @property {import('./environment.js').Environment} [environment] for tests
 *
 * @typedef {object} StateDetails
 * @property {State} state
 * @property {TransportName} transport
 * @property {string} [reason]
 * @property {number} [retryIn] milliseconds, with `waiting`
 *
 * @typedef {object} Events what `on` tells of
 * @property {StateDetails} state
 * @property {{transport: TransportName, resumed: boolean, cursor: string | null}} live everything held is current from now on
 * @property {{reason: string}} stale what is held may be out of date, until `live`
 * @property {{reason: string}} reset the values of before are void; all of them come anew
 * @property {import('./transport.js').Gap} gap updates of a `log` topic are gone
 * @property {{code: string, message: string}} error
 */

const transports = { ws: WebSocketTransport, sse: EventStreamTransport, poll: LongPollTransport };
/** A connection that was live for so long is good: the next drop is an isolated one. */
const goodMilliseconds = 5000;
/** On a lower transport the one above is tried after a minute, then ever less often. */
const firstClimbMilliseconds = 60_000;
const longestClimbMilliseconds = 600_000;
const defaultPauseMilliseconds = 300_000;
/** An overloaded gateway is left alone for 4 s at first. */
const overloadedFailures = 3;

export class Tidegate {
  #environment;
  #options;
  #base;
  #board;
  #ladder;
  #retry;
  /** @type {Map<string, Set<(details: any) => void>>} */
  #listeners = new Map();
  /** @type {any} */
  #transport = null;
  /** Reports of connections that were let go of are told by their number. */
  #connection = 0;
  #state = /** @type {State} */ ('idle');
  #isStale = true;
  #cursor = /** @type {string | null} */ (null);
  /** @type {Set<string>} what the cursor vouches for */
  #covered = new Set();
  /** @type {Set<string>} what the connection was told to carry */
  #carried = new Set();
  #isSyncPlanned = false;
  #maxRate;
  #goodbyeMilliseconds = /** @type {number | null} */ (null);
  #climbMilliseconds = firstClimbMilliseconds;
  #timers = { retry: null, good: null, climb: null, hidden: null };
  #traffic = { bytes: 0, messages: 0, connections: 0, resets: 0, gaps: 0 };

  /**
   * @param {string | URL} [url] where the gateway is; default: where the page came from
   * @param {Options} [options]
   */
  constructor(url = './', options = {}) {
    this.#options = options;
    this.#environment = options.environment ?? realEnvironment();
    this.#base = baseURL(url);
    this.#maxRate = options.maxRate ?? null;
    this.#board = new Board(this.#environment);
    this.#retry = new RetryPolicy(this.#environment.random);
    const usable = transportNames.filter((name) => transports[name].isUsable(this.#context(0)));
    const key = `tidegate.transport ${this.#base}`;
    this.#ladder = new Ladder({ usable, storage: this.#environment.storage, key });
    this.#chooseTransport(options.transport ?? 'auto');
    this.#watchPage();
  }

  // What it knows.

  /** @returns {State} */
  get state() {
    return this.#state;
  }

  /** @returns {TransportName} the one in use or being tried */
  get transport() {
    return this.#ladder.current;
  }

  /** Whether the transport was chosen by the caller. */
  get isTransportForced() {
    return this.#ladder.isForced;
  }

  get isStale() {
    return this.#isStale;
  }

  get cursor() {
    return this.#cursor;
  }

  get maxRate() {
    return this.#maxRate;
  }

  /** Counted since it was made: updates, conflated, repeats, bytes, messages, connections, resets, gaps. */
  get counts() {
    return { ...this.#board.counts, ...this.#traffic };
  }

  /**
   * The newest update of a topic that is subscribed to.
   * @param {string} topic
   * @returns {Update | null}
   */
  get(topic) {
    return this.#board.record(topic)?.update ?? null;
  }

  /**
   * How many updates of a topic this client was never sent.
   * @param {string} topic
   */
  conflated(topic) {
    return this.#board.record(topic)?.conflated ?? 0;
  }

  // What it is asked for.

  /**
   * Calls `callback` with what is known, then with each update. With `frame` it is called at most once an
   * animation frame, with an array: the latest update of each topic that changed.
   * @template {boolean} [Frame=false]
   * @param {string | string[]} topics topics and patterns
   * @param {(update: Frame extends true ? Update[] : Update) => void} callback
   * @param {{frame?: Frame}} [options]
   * @returns {() => void} ends the subscription
   */
  subscribe(topics, callback, options = {}) {
    const patterns = [topics].flat();
    for (const pattern of patterns) {
      const fault = topicFault(pattern);
      if (fault) throw new GateError('invalid_topic', `${JSON.stringify(pattern)}: ${fault}`);
    }
    const subscription = { patterns, callback, isFramed: options.frame === true, due: new Map() };
    this.#board.add(subscription);
    this.#planSync();
    return () => {
      this.#board.remove(subscription);
      this.#planSync();
    };
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(details: Events[Name]) => void} listener
   * @returns {() => void} stops it
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** @param {number | null} maxRate updates of a topic a second; null for no limit */
  setPace(maxRate) {
    if (maxRate === this.#maxRate) return;
    if (maxRate !== null && !(Number.isFinite(maxRate) && maxRate > 0)) {
      throw new GateError('bad_request', 'A pace is a number above 0, or null for no limit.');
    }
    this.#maxRate = maxRate;
    if (!this.#transport) return;
    if (this.#transport.canChange) this.#transport.setPace(maxRate);
    else this.#connect();
  }

  /**
   * Changes over at once; nothing is missed.
   * @param {TransportName | 'auto'} name
   */
  setTransport(name) {
    this.#chooseTransport(name);
    if (this.#state !== 'idle' && this.#state !== 'closed') this.reconnect();
  }

  /**
   * Publishes one value, or many updates at once; taken whole or not at all.
   * @param {string | {topic: string, data?: any, deleted?: true}[]} what a topic, or updates
   * @param {any} [data] the value, with a topic
   * @returns {Promise<number>} how many were accepted
   */
  async publish(what, data) {
    const updates = typeof what === 'string' ? [{ topic: what, data }] : what;
    if (this.#transport?.canChange) return this.#transport.publish(updates);
    const response = await request(this.#context(this.#connection), new URL('publish', this.#base), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(updates),
    }).catch((error) => {
      throw new GateError('unreachable', `The gateway could not be reached: ${error.message}.`);
    });
    if (response.ok) return (await response.json()).accepted;
    const { problem, reason } = await refusal(response);
    throw new GateError(problem, reason);
  }

  /** @returns {Promise<number>} milliseconds to the gateway and back */
  async measureLatency() {
    if (this.#transport?.canChange) return this.#transport.measureLatency();
    const start = this.#environment.now();
    await this.#environment.fetch(new URL('healthz', this.#base), { cache: 'no-store' });
    return this.#environment.now() - start;
  }

  /** @param {TransportName | 'auto'} name */
  #chooseTransport(name) {
    if (name !== 'auto' && !transports[name]?.isUsable(this.#context(0))) {
      throw new GateError('bad_request', `${name} is no transport here: auto, or one of ${transportNames.join(', ')}.`);
    }
    if (name !== 'auto') this.#ladder.force(name);
    else if (this.#ladder.isForced) this.#ladder.force(null);
  }

  /** Lets the connection go and takes a new one at once. */
  reconnect() {
    this.#retry.succeeded();
    this.#connect();
  }

  /** Ends it for good. Subscriptions stay and come back with `reconnect`. */
  close() {
    this.#drop();
    this.#enter('closed', { reason: 'closed by the page' });
  }

  // Connecting.

  /** What changed in one go is told in one go. */
  #planSync() {
    if (this.#isSyncPlanned) return;
    this.#isSyncPlanned = true;
    queueMicrotask(() => {
      this.#isSyncPlanned = false;
      this.#sync();
    });
  }

  /** Makes the connection carry what is wanted. */
  #sync() {
    const wanted = this.#board.patterns;
    const added = [...wanted].filter((pattern) => !this.#carried.has(pattern));
    const removed = [...this.#carried].filter((pattern) => !wanted.has(pattern));
    for (const pattern of removed) this.#covered.delete(pattern);
    if (wanted.size === 0) {
      if (this.#state === 'closed') return;
      this.#drop();
      this.#forgetCursor();
      this.#enter('idle', { reason: 'nothing is subscribed to' });
      return;
    }
    if (this.#state === 'idle') {
      this.#connect();
      return;
    }
    if (!this.#transport || added.length + removed.length === 0) return;
    if (!this.#transport.canChange) {
      this.#connect();
      return;
    }
    this.#carried = wanted;
    if (added.length > 0) this.#transport.add(added);
    if (removed.length > 0) this.#transport.remove(removed);
  }

  #connect() {
    this.#drop();
    const wanted = this.#board.patterns;
    if (wanted.size === 0) return;
    const covered = this.#cursor ? [...wanted].filter((pattern) => this.#covered.has(pattern)) : [];
    if (covered.length === 0) this.#forgetCursor();
    this.#carried = wanted;
    this.#goodbyeMilliseconds = null;
    this.#enter('connecting');
    const transport = new transports[this.#ladder.current](this.#context(this.#connection));
    this.#transport = transport;
    transport.open({
      covered,
      uncovered: [...wanted].filter((pattern) => !covered.includes(pattern)),
      cursor: covered.length > 0 ? this.#cursor : null,
      maxRate: this.#maxRate,
    });
  }

  /** Lets go of the connection and of all plans. */
  #drop() {
    this.#connection += 1;
    this.#transport?.close();
    this.#transport = null;
    for (const name of Object.keys(this.#timers)) if (name !== 'hidden') this.#stopTimer(name);
  }

  /** Without a cursor the versions of before can not be compared with those to come. */
  #forgetCursor() {
    this.#cursor = null;
    this.#covered.clear();
    if (this.#board.isEmpty) return;
    this.#board.forgetAll();
    this.#emit('reset', { reason: 'nothing vouches for what is held' });
  }

  /** @param {number} number @returns {import('./transport.js').Context} */
  #context(number) {
    const current = (/** @type {(...values: any[]) => void} */ action) => (/** @type {any[]} */ ...values) => {
      if (number === this.#connection) action(...values);
    };
    return {
      environment: this.#environment,
      base: this.#base,
      heartbeat: this.#options.heartbeat ?? 5,
      token: async (isRefresh) => (await this.#options.token?.({ isRefresh })) ?? null,
      sink: {
        heard: current((byteCount) => this.#heard(byteCount)),
        updates: current((updates, cursor) => {
          this.#board.take(updates);
          if (cursor) this.#cursor = cursor;
        }),
        cursor: current((cursor) => (this.#cursor = cursor)),
        covered: current((patterns, cursor) => {
          for (const pattern of patterns) if (this.#carried.has(pattern)) this.#covered.add(pattern);
          this.#cursor = cursor;
        }),
        live: current((resumed) => this.#becameLive(resumed)),
        reset: current((reason) => this.#reset(reason)),
        gap: current((gap) => {
          this.#traffic.gaps += 1;
          this.#board.skip(gap.topic, gap.next);
          this.#emit('gap', gap);
        }),
        goodbye: current((milliseconds) => (this.#goodbyeMilliseconds = milliseconds)),
        error: current((code, message) => this.#emit('error', { code, message })),
        closed: current((ending) => this.#closed(ending)),
      },
    };
  }

  /** @param {number} byteCount */
  #heard(byteCount) {
    this.#traffic.bytes += byteCount;
    this.#traffic.messages += 1;
  }

  /** @param {string} reason */
  #reset(reason) {
    this.#traffic.resets += 1;
    this.#covered.clear();
    this.#board.forgetAll();
    this.#emit('reset', { reason });
  }

  /** @param {boolean} resumed */
  #becameLive(resumed) {
    this.#traffic.connections += this.#state === 'live' ? 0 : 1;
    this.#ladder.proven();
    this.#startTimer('good', () => this.#retry.succeeded(), goodMilliseconds);
    if (this.#ladder.above) this.#startTimer('climb', () => this.#climb(), this.#climbMilliseconds);
    this.#enter('live');
    this.#isStale = false;
    this.#emit('live', { transport: this.#ladder.current, resumed, cursor: this.#cursor });
  }

  /** @param {import('./transport.js').Ending} ending */
  #closed(ending) {
    const { kind, reason, isCertain, retryAfter } = ending;
    const goodbyeMilliseconds = this.#goodbyeMilliseconds;
    this.#drop();
    if (kind === 'refused') {
      this.#emit('error', { code: ending.problem ?? 'refused', message: reason });
      this.#enter('closed', { reason });
      return;
    }
    if (kind === 'blocked' && this.#ladder.blocked(isCertain ?? false)) {
      this.#markStale(reason);
      this.#emit('error', { code: 'blocked', message: `${reason}; trying ${this.#ladder.current}` });
      this.#connect();
      return;
    }
    const backoff = this.#retry.failed(kind === 'overloaded' ? overloadedFailures : 0);
    this.#wait(goodbyeMilliseconds ?? Math.max(backoff, retryAfter && kind === 'overloaded' ? retryAfter : 0), reason);
  }

  /** @param {number} milliseconds @param {string} reason */
  #wait(milliseconds, reason) {
    if (!this.#environment.isOnline() && this.#retry.failures > 1) {
      this.#enter('offline', { reason });
      return;
    }
    this.#enter('waiting', { reason, retryIn: milliseconds });
    this.#startTimer('retry', () => {
      // Nobody is looking: the page's return tries at once.
      if (this.#environment.document?.hidden && this.#retry.failures > 1) this.#enter('hidden', { reason });
      else this.#connect();
    }, milliseconds);
  }

  /** Tries the transport above beside the one in use, and changes over when it opens. */
  async #climb() {
    const { above } = this.#ladder;
    const number = this.#connection;
    if (!above) return;
    const works = !this.#environment.document?.hidden && (await this.#probe(above));
    if (number !== this.#connection) return;
    if (works) {
      this.#climbMilliseconds = firstClimbMilliseconds;
      this.#ladder.climb();
      this.#connect();
      return;
    }
    this.#climbMilliseconds = Math.min(this.#climbMilliseconds * 2, longestClimbMilliseconds);
    this.#startTimer('climb', () => this.#climb(), this.#climbMilliseconds);
  }

  /**
   * Whether a connection of its own becomes live.
   * @param {TransportName} name
   * @returns {Promise<boolean>}
   */
  #probe(name) {
    return new Promise((settle) => {
      const done = (/** @type {boolean} */ works) => {
        this.#environment.clearTimeout(timer);
        transport.close();
        settle(works);
      };
      const nothing = () => {};
      const sink = {
        heard: nothing, updates: nothing, cursor: nothing, covered: nothing, reset: nothing, gap: nothing,
        goodbye: nothing, error: nothing, live: () => done(true), closed: () => done(false),
      };
      const timer = this.#environment.setTimeout(() => done(false), openMilliseconds);
      const transport = new transports[name]({ ...this.#context(0), sink });
      // From the cursor on: next to nothing has to be sent.
      transport.open({ covered: [...this.#covered], uncovered: [], cursor: this.#cursor, maxRate: 1 });
    });
  }

  /** @param {State} state @param {{reason?: string, retryIn?: number}} [details] */
  #enter(state, details = {}) {
    this.#state = state;
    this.#emit('state', { state, transport: this.#ladder.current, ...details });
    // A connection that takes the place of another is no reason yet: what is held was current a moment ago.
    if (state !== 'live' && state !== 'connecting') this.#markStale(details.reason ?? state);
  }

  /** @param {string} reason */
  #markStale(reason) {
    if (this.#isStale) return;
    this.#isStale = true;
    this.#emit('stale', { reason });
  }

  // The page.

  #watchPage() {
    const { window, document } = this.#environment;
    window?.addEventListener('online', () => this.#comeBack());
    window?.addEventListener('offline', () => {
      if (this.#state === 'waiting') this.#enter('offline', { reason: 'the device is offline' });
    });
    document?.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#planPause();
      else this.#comeBack();
    });
  }

  #planPause() {
    const milliseconds = this.#options.pauseHiddenAfter ?? defaultPauseMilliseconds;
    if (!Number.isFinite(milliseconds)) return;
    this.#startTimer('hidden', () => {
      if (!this.#transport) return;
      this.#drop();
      this.#enter('hidden', { reason: 'the page is hidden' });
    }, milliseconds);
  }

  /** The network or the reader is back: no more waiting. */
  #comeBack() {
    this.#stopTimer('hidden');
    if (['waiting', 'offline', 'hidden'].includes(this.#state)) this.reconnect();
  }

  // Small help.

  /** @param {string} name @param {() => void} action @param {number} milliseconds */
  #startTimer(name, action, milliseconds) {
    this.#stopTimer(name);
    this.#timers[name] = this.#environment.setTimeout(action, milliseconds);
  }

  /** @param {string} name */
  #stopTimer(name) {
    if (this.#timers[name] !== null) this.#environment.clearTimeout(this.#timers[name]);
    this.#timers[name] = null;
  }

  /** @param {string} name @param {any} details */
  #emit(name, details) {
    for (const listener of this.#listeners.get(name) ?? []) callOut(listener, details);
  }
}

/**
 * The folder that `url` names, as `http:` or `https:`.
 * @param {string | URL} url
 */
function baseURL(url) {
  const base = new URL(url, globalThis.document?.baseURI);
  base.protocol = base.protocol.replace(/^ws/, 'http');
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  base.search = '';
  base.hash = '';
  return base;
}
