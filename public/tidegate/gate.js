/** The client: subscriptions on one side, one connection at a time on the other, and the cursor between them. */
import { Board } from './board.js';
import { Climber } from './climber.js';
import { Connection, isUsable } from './connection.js';
import { Coverage } from './coverage.js';
import { realEnvironment } from './environment.js';
import { GateError } from './error.js';
import { Ladder, transportNames } from './ladder.js';
import { Listeners } from './listeners.js';
import { topicFault } from './patterns.js';
import { Presence } from './presence.js';
import { postUpdates, timeRequest } from './requests.js';
import { RetryPolicy } from './retry.js';
import { Timer } from './timer.js';

/**
 * @typedef {import('./transport.js').Update} Update
 * @typedef {import('./ladder.js').TransportName} TransportName
 * @typedef {import('./listeners.js').State} State
 * @typedef {import('./listeners.js').StateDetails} StateDetails
 * @typedef {import('./listeners.js').Events} Events
 *
 * @typedef {object} Options
 * @property {TransportName | 'auto'} [transport] `auto` (default) chooses down from WebSocket, and up again later
 * @property {(details: {isRefresh: boolean}) => string | null | Promise<string | null>} [token] asked whenever one is needed; with `isRefresh` the last one was refused or ends soon
 * @property {number | null} [maxRate] updates of a topic a second; null (default) for no limit
 * @property {number} [heartbeat] seconds of silence after which the gateway shows life, 1 to 60; default 5
 * @property {number} [pauseHiddenAfter] milliseconds after which a hidden page lets go of its connection; default 5 minutes, `Infinity` for never
 * @property {import('./environment.js').Environment} [environment] for tests
 */

/** A connection that was live for so long is good: the next drop is an isolated one. */
const goodMilliseconds = 5000;
/** An overloaded gateway is left alone for 4 s at first. */
const overloadedFailures = 3;

export class Tidegate {
  #surroundings;
  #board;
  #ladder;
  #retry;
  #listeners = new Listeners();
  #coverage = new Coverage();
  #presence;
  #climber;
  /** @type {Connection | null} */
  #connection = null;
  #retryTimer;
  #goodTimer;
  #state = /** @type {State} */ ('idle');
  #isStale = true;
  #isSyncPlanned = false;
  #maxRate;
  #traffic = { bytes: 0, messages: 0, connections: 0, resets: 0, gaps: 0 };

  /**
   * @param {string | URL} [url] where the gateway is; default: where the page came from
   * @param {Options} [options]
   */
  constructor(url = './', options = {}) {
    const environment = options.environment ?? realEnvironment();
    const base = baseURL(url);
    this.#surroundings = {
      environment,
      base,
      heartbeat: options.heartbeat ?? 5,
      token: async (/** @type {boolean} */ isRefresh) => (await options.token?.({ isRefresh })) ?? null,
    };
    this.#maxRate = options.maxRate ?? null;
    this.#board = new Board(environment);
    this.#retry = new RetryPolicy(environment.random);
    this.#retryTimer = new Timer(environment);
    this.#goodTimer = new Timer(environment);
    const usable = transportNames.filter((name) => isUsable(name, this.#surroundings));
    this.#ladder = new Ladder({ usable, storage: environment.storage, key: `tidegate.transport ${base}` });
    this.#chooseTransport(options.transport ?? 'auto');
    this.#presence = new Presence({
      environment,
      pauseHiddenAfter: options.pauseHiddenAfter,
      cameBack: () => this.#comeBack(),
      wentOffline: () => this.#goOffline(),
      stayedHidden: () => this.#pause(),
    });
    this.#climber = new Climber({
      surroundings: this.#surroundings,
      ladder: this.#ladder,
      isWatched: () => !this.#presence.isHidden,
      start: () => this.#coverage.start,
      changeOver: () => this.#connect(),
    });
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
    return this.#coverage.cursor;
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
    return this.#listeners.add(name, listener);
  }

  /** @param {number | null} maxRate updates of a topic a second; null for no limit */
  setPace(maxRate) {
    if (maxRate === this.#maxRate) return;
    if (maxRate !== null && !(Number.isFinite(maxRate) && maxRate > 0)) {
      throw new GateError('bad_request', 'A pace is a number above 0, or null for no limit.');
    }
    this.#maxRate = maxRate;
    if (this.#connection && !this.#connection.setPace(maxRate)) this.#connect();
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
    if (this.#connection?.canChange) return this.#connection.publish(updates);
    return postUpdates(this.#surroundings, updates);
  }

  /** @returns {Promise<number>} milliseconds to the gateway and back */
  async measureLatency() {
    if (this.#connection?.canChange) return this.#connection.measureLatency();
    return timeRequest(this.#surroundings);
  }

  /** @param {TransportName | 'auto'} name */
  #chooseTransport(name) {
    if (name !== 'auto' && !isUsable(name, this.#surroundings)) {
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
    this.#coverage.keep(wanted);
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
    if (this.#connection && !this.#connection.carry(wanted)) this.#connect();
  }

  #connect() {
    this.#drop();
    const wanted = this.#board.patterns;
    if (wanted.size === 0) return;
    const start = this.#coverage.startFor(wanted);
    if (start.cursor === null) this.#forgetCursor();
    this.#enter('connecting');
    this.#connection = new Connection(this.#ladder.current, this.#surroundings, this.#sink());
    this.#connection.open({ ...start, maxRate: this.#maxRate });
  }

  /** Lets go of the connection and of all plans. */
  #drop() {
    this.#connection?.close();
    this.#connection = null;
    this.#retryTimer.stop();
    this.#goodTimer.stop();
    this.#climber.stop();
  }

  /** Without a cursor the versions of before can not be compared with those to come. */
  #forgetCursor() {
    this.#coverage.forget();
    if (this.#board.isEmpty) return;
    this.#board.forgetAll();
    this.#listeners.tell('reset', { reason: 'nothing vouches for what is held' });
  }

  /** What a connection reports. @returns {Omit<import('./transport.js').Sink, 'goodbye'>} */
  #sink() {
    return {
      heard: (byteCount) => this.#heard(byteCount),
      updates: (updates, cursor) => {
        this.#board.take(updates);
        if (cursor) this.#coverage.moveTo(cursor);
      },
      cursor: (cursor) => this.#coverage.moveTo(cursor),
      covered: (patterns, cursor) => this.#coverage.extend(patterns, cursor),
      live: (resumed) => this.#becameLive(resumed),
      reset: (reason) => this.#reset(reason),
      gap: (gap) => this.#skip(gap),
      error: (code, message) => this.#listeners.tell('error', { code, message }),
      closed: (ending) => this.#closed(ending),
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
    this.#coverage.clear();
    this.#board.forgetAll();
    this.#listeners.tell('reset', { reason });
  }

  /** @param {import('./transport.js').Gap} gap */
  #skip(gap) {
    this.#traffic.gaps += 1;
    this.#board.skip(gap.topic, gap.next);
    this.#listeners.tell('gap', gap);
  }

  /** @param {boolean} resumed */
  #becameLive(resumed) {
    this.#traffic.connections += this.#state === 'live' ? 0 : 1;
    this.#ladder.proven();
    this.#goodTimer.start(goodMilliseconds, () => this.#retry.succeeded());
    this.#climber.plan();
    this.#enter('live');
    this.#isStale = false;
    this.#listeners.tell('live', { transport: this.#ladder.current, resumed, cursor: this.cursor });
  }

  /** @param {import('./transport.js').Ending} ending */
  #closed(ending) {
    const { kind, reason, isCertain, retryAfter } = ending;
    const goodbyeMilliseconds = this.#connection?.goodbyeMilliseconds;
    this.#drop();
    if (kind === 'refused') {
      this.#listeners.tell('error', { code: ending.problem ?? 'refused', message: reason });
      this.#enter('closed', { reason });
      return;
    }
    if (kind === 'blocked' && this.#ladder.blocked(isCertain ?? false)) {
      this.#markStale(reason);
      this.#listeners.tell('error', { code: 'blocked', message: `${reason}; trying ${this.#ladder.current}` });
      this.#connect();
      return;
    }
    const backoff = this.#retry.failed(kind === 'overloaded' ? overloadedFailures : 0);
    this.#wait(goodbyeMilliseconds ?? Math.max(backoff, retryAfter && kind === 'overloaded' ? retryAfter : 0), reason);
  }

  /** @param {number} milliseconds @param {string} reason */
  #wait(milliseconds, reason) {
    if (!this.#presence.isOnline && this.#retry.failures > 1) {
      this.#enter('offline', { reason });
      return;
    }
    this.#enter('waiting', { reason, retryIn: milliseconds });
    this.#retryTimer.start(milliseconds, () => {
      // Nobody is looking: the page's return tries at once.
      if (this.#presence.isHidden && this.#retry.failures > 1) this.#enter('hidden', { reason });
      else this.#connect();
    });
  }

  /** @param {State} state @param {{reason?: string, retryIn?: number}} [details] */
  #enter(state, details = {}) {
    this.#state = state;
    this.#listeners.tell('state', { state, transport: this.#ladder.current, ...details });
    // A connection that takes the place of another is no reason yet: what is held was current a moment ago.
    if (state !== 'live' && state !== 'connecting') this.#markStale(details.reason ?? state);
  }

  /** @param {string} reason */
  #markStale(reason) {
    if (this.#isStale) return;
    this.#isStale = true;
    this.#listeners.tell('stale', { reason });
  }

  // Who is there.

  /** The network or the reader is back: no more waiting. */
  #comeBack() {
    if (['waiting', 'offline', 'hidden'].includes(this.#state)) this.reconnect();
  }

  #goOffline() {
    if (this.#state === 'waiting') this.#enter('offline', { reason: 'the device is offline' });
  }

  #pause() {
    if (!this.#connection) return;
    this.#drop();
    this.#enter('hidden', { reason: 'the page is hidden' });
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
