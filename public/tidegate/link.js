/** The link to the gateway: one connection at a time, and the cursor between them. It decides which transport, when to retry, and whether values are stale. */
import { Climber } from './climber.js';
import { Connection, isUsable } from './connection.js';
import { Coverage } from './coverage.js';
import { GateError } from './error.js';
import { Freshness } from './freshness.js';
import { Ladder, transportNames } from './ladder.js';
import { Nodes } from './nodes.js';
import { Presence } from './presence.js';
import { postUpdates, publicationsText, timeRequest } from './requests.js';
import { RetryPolicy, overloadedFailures, spread, watchedMilliseconds } from './retry.js';
import { Timer } from './timer.js';
import { deadHeartbeats } from './transport.js';

/**
 * @typedef {import('./ladder.js').TransportName} TransportName
 * @typedef {import('./listeners.js').State} State
 */

/** Why values may be old though the link is live. */
const awayReason = 'the gateway has lost the stream of updates';
/** A goodbye may name less than this once, not again and again. */
const leastMilliseconds = 1000;
/** A connection that was live this long is sound: the next drop is isolated. */
const goodMilliseconds = 5000;

export class Link {
  #surroundings;
  #nodes;
  #board;
  #listeners;
  #maxRate;
  #ladder;
  #retry;
  #retryTimer;
  #goodTimer;
  #presence;
  #climber;
  #coverage = new Coverage();
  /** Patterns that were refused for good: they are not asked for again, until the page does. @type {Set<string>} */
  #refused = new Set();
  /** @type {Connection | null} */
  #connection = null;
  #state = /** @type {State} */ ('idle');
  #freshness;
  #isSyncPlanned = false;

  /** Counts since the link was made. */
  counts = { bytes: 0, messages: 0, connections: 0, resets: 0, gaps: 0 };

  /**
   * @param {object} parts
   * @param {Omit<import('./transport.js').Surroundings, 'base'>} parts.surroundings
   * @param {Record<string, URL>} parts.places the gateways, by name
   * @param {import('./board.js').Board} parts.board the patterns to carry, and the receiver of updates
   * @param {import('./listeners.js').Listeners} parts.listeners
   * @param {TransportName | 'auto'} parts.transport
   * @param {number | null} parts.maxRate
   * @param {number} [parts.pauseHiddenAfter] milliseconds
   */
  constructor({ surroundings: settings, places, board, listeners, transport, maxRate, pauseHiddenAfter }) {
    const { environment } = settings;
    const nodes = new Nodes(places, environment);
    // Each connection takes the address that is there when it is made.
    const surroundings = { ...settings, get base() { return nodes.base; } };
    this.#nodes = nodes;
    this.#surroundings = surroundings;
    this.#board = board;
    this.#listeners = listeners;
    this.#maxRate = maxRate;
    const usable = transportNames.filter((name) => isUsable(name, surroundings));
    this.#ladder = new Ladder({ usable, storage: environment.storage, key: `tidegate.transport ${Object.values(places)[0]}` });
    this.#choose(transport);
    this.#retry = new RetryPolicy(environment.random);
    this.#freshness = new Freshness({ environment, listeners, patience: settings.heartbeat * 1000 * deadHeartbeats });
    this.#retryTimer = new Timer(environment);
    this.#goodTimer = new Timer(environment);
    this.#presence = new Presence({
      environment,
      pauseHiddenAfter,
      cameBack: () => this.#comeBack(),
      wentOffline: () => this.#goOffline(),
      stayedHidden: () => this.#pause(),
    });
    this.#climber = new Climber({
      surroundings,
      ladder: this.#ladder,
      isWatched: () => !this.#presence.isHidden,
      start: () => this.#coverage.start,
      changeOver: () => this.#connect(),
    });
  }

  get state() {
    return this.#state;
  }

  get transport() {
    return this.#ladder.current;
  }

  get isTransportForced() {
    return this.#ladder.isForced;
  }

  get freshness() { return this.#freshness; }

  get cursor() {
    return this.#coverage.cursor;
  }

  get maxRate() {
    return this.#maxRate;
  }

  // Orders.

  /**
   * The wanted patterns may have changed. Changes made together are sent together.
   * @param {string[]} [added] wanted anew, even if they were refused before
   */
  patternsChanged(added = []) {
    for (const pattern of added) this.#refused.delete(pattern);
    if (this.#isSyncPlanned) return;
    this.#isSyncPlanned = true;
    queueMicrotask(() => {
      this.#isSyncPlanned = false;
      this.#sync();
    });
  }

  /** @param {number | null} maxRate */
  setPace(maxRate) {
    this.#maxRate = maxRate;
    if (this.#connection && !this.#connection.setPace(maxRate)) this.#connect();
  }

  /** @param {TransportName | 'auto'} name */
  setTransport(name) {
    this.#choose(name);
    if (this.#state !== 'idle' && this.#state !== 'closed') this.reconnect();
  }

  /** Drops the connection and makes a new one at once. */
  reconnect() {
    this.#retry.succeeded();
    this.#refused.clear();
    this.#connect();
  }

  close() {
    this.#drop();
    this.#enter('closed', { reason: 'closed by the page' });
  }

  /** @param {import('./requests.js').Publication[]} updates @param {string} [key] @returns {Promise<number>} how many were accepted */
  async publish(updates, key) {
    const text = publicationsText(updates);
    if (this.#connection?.canChange) return this.#connection.publish(text, key);
    return postUpdates(this.#surroundings, text, key);
  }

  /** @returns {Promise<number>} milliseconds */
  async measureLatency() {
    if (this.#connection?.canChange) return this.#connection.measureLatency();
    return timeRequest(this.#surroundings);
  }

  // Connecting.

  /** @param {TransportName | 'auto'} name */
  #choose(name) {
    if (name !== 'auto' && !isUsable(name, this.#surroundings)) {
      throw new GateError('bad_request', `${name} is no transport here: auto, or one of ${transportNames.join(', ')}.`);
    }
    if (name !== 'auto') this.#ladder.force(name);
    else if (this.#ladder.isForced) this.#ladder.force(null);
  }

  get #wanted() {
    return new Set([...this.#board.patterns].filter((pattern) => !this.#refused.has(pattern)));
  }

  /** Makes the connection carry the wanted patterns. */
  #sync() {
    const wanted = this.#wanted;
    this.#board.forgetUnwanted();
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
    const wanted = this.#wanted;
    if (wanted.size === 0) return;
    const start = this.#coverage.startFor(wanted);
    if (start.cursor === null) this.#forgetCursor();
    this.#enter('connecting');
    this.#connection = new Connection(this.#ladder.current, this.#surroundings, this.#sink());
    this.#connection.open({ ...start, maxRate: this.#maxRate });
  }

  /** Drops the connection and all plans. */
  #drop() {
    this.#connection?.close();
    this.#connection = null;
    this.#retryTimer.stop();
    this.#goodTimer.stop();
    this.#climber.stop();
  }

  /** Without a cursor, earlier versions cannot be compared with later ones. */
  #forgetCursor() {
    this.#coverage.forget();
    if (this.#board.isEmpty) return;
    this.#board.forgetAll();
    this.#listeners.tell('reset', { reason: 'nothing vouches for what is held' });
  }

  // Reports of a connection.

  /** @returns {Omit<import('./transport.js').Sink, 'goodbye'>} */
  #sink() {
    return {
      heard: (byteCount) => this.#heard(byteCount),
      updates: (updates, cursor) => {
        this.#board.take(updates);
        if (cursor) this.#coverage.moveTo(cursor);
      },
      stale: (staleness, cursor) => {
        this.#board.takeStale(staleness);
        if (cursor) this.#coverage.moveTo(cursor);
      },
      cursor: (cursor) => this.#coverage.moveTo(cursor),
      covered: (patterns, cursor) => this.#coverage.extend(patterns, cursor),
      live: (resumed, isAway) => this.#becameLive(resumed, isAway),
      away: (isAway) => this.#away(isAway),
      reset: (reason) => this.#reset(reason),
      gap: (gap) => this.#skip(gap),
      refused: (patterns, code, message) => this.#setAside(patterns, code, message),
      error: (code, message) => this.#listeners.tell('error', { code, message }),
      closed: (ending) => this.#closed(ending),
    };
  }

  /** @param {number} byteCount */
  #heard(byteCount) {
    this.counts.bytes += byteCount;
    this.counts.messages += 1;
    this.#freshness.heard();
  }

  /** @param {string} reason */
  #reset(reason) {
    this.counts.resets += 1;
    this.#coverage.clear();
    this.#board.forgetAll();
    this.#listeners.tell('reset', { reason });
  }

  /** @param {import('./transport.js').Gap} gap */
  #skip(gap) {
    this.counts.gaps += 1;
    this.#board.skip(gap.topic, gap.next);
    this.#listeners.tell('gap', gap);
  }

  /** @param {boolean} resumed @param {boolean} isAway */
  #becameLive(resumed, isAway) {
    this.counts.connections += this.#state === 'live' ? 0 : 1;
    this.#ladder.proven();
    this.#goodTimer.start(goodMilliseconds, () => this.#retry.succeeded());
    this.#climber.plan();
    if (!isAway) this.#freshness.renew();
    this.#enter('live');
    if (isAway) this.#freshness.tellLost(awayReason);
    else this.#tellLive(resumed);
  }

  /** @param {boolean} resumed */
  #tellLive(resumed) {
    this.#listeners.tell('live', { transport: this.#ladder.current, resumed, cursor: this.cursor });
  }

  /** The link is sound, but the gateway may be behind. @param {boolean} isAway */
  #away(isAway) {
    if (this.#state !== 'live' || isAway === this.#freshness.isStale) return;
    if (isAway) {
      this.#freshness.lose(awayReason);
      return;
    }
    this.#freshness.renew();
    this.#tellLive(true);
  }

  /** @param {import('./transport.js').Ending} ending */
  #closed(ending) {
    const { kind, reason, isCertain, isLasting } = ending;
    const goodbye = this.#connection?.goodbye ?? null;
    this.#drop();
    if (kind === 'blocked' && this.#ladder.blocked(isCertain ?? false)) {
      this.#freshness.lose(reason);
      this.#listeners.tell('error', { code: 'blocked', message: `${reason}; trying ${this.#ladder.current}` });
      this.#connect();
      return;
    }
    if (kind === 'refused' || (isLasting && this.#ladder.isExhausted)) {
      this.#giveUp(ending);
      return;
    }
    if (goodbye?.avoided) this.#nodes.avoid(goodbye.avoided, goodbye.milliseconds);
    this.#nodes.moveOn();
    this.#wait(this.#delay(ending, goodbye?.milliseconds ?? null), { reason, code: goodbye?.reason ?? ending.problem });
  }

  /** How long to wait before the next try. @param {import('./transport.js').Ending} ending @param {number | null} goodbyeMilliseconds */
  #delay({ kind, retryAfter = 0 }, goodbyeMilliseconds) {
    const isOverloaded = kind === 'overloaded';
    // Who looks at a page is not kept waiting, but for a gateway that asks for it.
    const backoff = this.#retry.failed(isOverloaded ? overloadedFailures : 0, isOverloaded || !this.#presence.isWatched ? undefined : watchedMilliseconds);
    const asked = goodbyeMilliseconds ?? spread(retryAfter, this.#surroundings.environment.random);
    if (isOverloaded) return Math.max(backoff, asked);
    return goodbyeMilliseconds === null ? backoff : Math.max(Math.min(backoff, leastMilliseconds), asked);
  }

  /** A refusal that lasts. What was live before is tried without what was added since, which may be to blame. @param {import('./transport.js').Ending} ending */
  #giveUp({ problem = 'refused', reason, isTold = false }) {
    const { covered, uncovered } = this.#coverage.startFor(this.#wanted);
    if (covered.length > 0 && uncovered.length > 0) {
      this.#setAside(uncovered, problem, reason);
      return;
    }
    if (!isTold) this.#listeners.tell('error', { code: problem, message: reason });
    this.#enter('closed', { reason });
  }

  /** Goes on without patterns that were refused. @param {string[]} patterns @param {string} code @param {string} message */
  #setAside(patterns, code, message) {
    for (const pattern of patterns) this.#refused.add(pattern);
    this.#listeners.tell('error', { code, message });
    if (this.#wanted.size > 0) {
      this.#coverage.keep(this.#wanted);
      if (!this.#connection?.carry(this.#wanted)) this.#connect();
      return;
    }
    this.#drop();
    this.#enter('closed', { reason: message });
  }

  /** @param {number} milliseconds @param {{reason: string, code?: string}} why */
  #wait(milliseconds, why) {
    if (!this.#presence.isOnline && this.#retry.failures > 1) {
      this.#enter('offline', why);
      return;
    }
    this.#enter('waiting', { ...why, retryIn: milliseconds });
    this.#retryTimer.start(milliseconds, () => {
      // Nobody is looking: the page's return tries at once.
      if (this.#presence.isHidden && this.#retry.failures > 1) this.#enter('hidden', why);
      else this.#connect();
    });
  }

  /** @param {State} state @param {{reason?: string, code?: string, retryIn?: number}} [details] */
  #enter(state, details = {}) {
    this.#state = state;
    this.#listeners.tell('state', { state, transport: this.#ladder.current, ...details });
    if (state === 'connecting') this.#freshness.replace();
    else if (state !== 'live') this.#freshness.lose(details.reason ?? state);
  }

  // Presence.

  /** The network or the person is back: no more waiting. */
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
