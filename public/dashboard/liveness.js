// Whether what is shown is live; and the bar that says, while it is not, when the last sign of life came, why, and what happens next.
import { age, clock } from './format.js';

/** A drop that lasts no longer than this needs no notice. */
const noticeMilliseconds = 400;
/** After more silence than this it had lasted long enough when it was noticed. */
const silenceMilliseconds = 3000;
/** So many gaps are remembered, for the chart. */
const mostGaps = 64;

/** Why a connection ended, where the gateway said so in one word. @type {Record<string, string>} */
const reasons = {
  draining: 'the gateway is restarting',
  replaced: 'the gateway takes over another state',
  life: 'the gateway renews its connections',
  endpoint: 'the gateway closes this address',
  overloaded: 'the gateway is overloaded',
  unavailable: 'no gateway is there at the moment',
};

/** The transports by the names that people have for them. */
export const names = { ws: 'WebSocket', sse: 'Event stream', poll: 'Long poll' };

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @typedef {{from: number, to: number}} Gap Unix milliseconds; one that is still open ends at infinity */

export class Liveness {
  #gate;
  #announce;
  /** The last announcement. */
  #announced = '';
  /** When it was noticed that the values may be out of date, Unix milliseconds; null while they are current. @type {number | null} */
  #noticedAt = null;
  /** When the last sign of life came before. @type {number | null} */
  #since = null;
  #retryAt = 0;
  /** Whether a person asked for this try. */
  #isAsked = false;
  #isRestarting = false;
  /** Why the state is what it is. */
  reason = '';
  /** Times for which nobody vouches. @type {Gap[]} */
  gaps = [];
  /** Since when the page shows that it is not live, Unix milliseconds; null while it does not. @type {number | null} */
  lostAt = null;

  /**
   * @param {import('../tidegate/gate.js').Tidegate} gate
   * @param {(text: string) => void} announce
   */
  constructor(gate, announce) {
    this.#gate = gate;
    this.#announce = announce;
    gate.on('state', (details) => this.#stateChanged(details));
    gate.on('live', () => this.#becameCurrent());
    // Of all other states the state itself has told why.
    gate.on('stale', ({ reason, since }) => { if (['live', 'connecting'].includes(gate.state)) this.#becameStale(reason, since); });
    gate.on('error', ({ message }) => (this.reason = message));
    for (const id of ['state', 'notice-connect']) element(id).addEventListener('click', () => this.connectAtOnce());
  }

  /** Whether a new connection is of use: not while one is live. */
  get isLost() {
    return this.#noticedAt !== null;
  }

  /** Somebody does not want to wait. */
  connectAtOnce() {
    this.#isAsked = true;
    this.#gate.reconnect();
    this.#say('Connecting now');
    this.show();
  }

  /** @param {import('../tidegate/gate.js').StateDetails} details */
  #stateChanged({ state, reason, code, retryIn }) {
    this.#retryAt = retryIn === undefined ? 0 : performance.now() + retryIn;
    if (state === 'live') return;
    if (state === 'connecting') {
      this.show();
      return;
    }
    this.#isAsked = false;
    this.#isRestarting = code === 'draining';
    this.#becameStale(reasons[code ?? ''] ?? reason ?? state, this.#gate.currentAt);
  }

  #becameCurrent() {
    const now = Date.now();
    if (this.#since !== null && now - this.#since >= noticeMilliseconds) {
      this.gaps.push({ from: this.#since, to: now });
      if (this.gaps.length > mostGaps) this.gaps.shift();
    }
    this.#noticedAt = this.#since = null;
    this.#isAsked = this.#isRestarting = false;
    this.reason = `live since ${clock(now, true)}`;
    this.#say(`live by ${names[this.#gate.transport]}`);
    this.show();
  }

  /** @param {string} reason @param {number | null} since */
  #becameStale(reason, since) {
    this.reason = reason;
    if (this.#noticedAt === null) {
      this.#noticedAt = Date.now();
      this.#since = since;
      setTimeout(() => this.show(), noticeMilliseconds);
    }
    this.show();
  }

  /** Announces a text once: failing retries are no news. @param {string} text */
  #say(text) {
    if (this.#announced === text) return;
    this.#announced = text;
    this.#announce(text);
  }

  /** Seconds to the next try; 0 if none is planned. */
  get #secondsLeft() {
    return Math.max(Math.ceil((this.#retryAt - performance.now()) / 1000), 0);
  }

  /** The state in a word or two. */
  get stateText() {
    const { state } = this.#gate;
    const transport = names[this.#gate.transport];
    // The link may be sound while the gateway is behind.
    if (state === 'live') return `${this.#gate.isStale ? 'behind' : 'live'} · ${transport}`;
    if (state === 'connecting') return `${this.#isAsked ? 'connecting now' : 'connecting'} · ${transport}`;
    if (state === 'closed') return 'closed · connect';
    if (state !== 'waiting') return state;
    const left = this.#secondsLeft;
    if (this.#isRestarting) return `restarting · ${left} s`;
    return left > 0 ? `retry in ${left} s` : 'retrying';
  }

  /** What happens next. */
  get #nextText() {
    const { state } = this.#gate;
    if (state === 'connecting') return this.#isAsked ? 'Connecting now, as you asked …' : 'Trying to connect …';
    if (state === 'offline') return 'It goes on when the network is back.';
    if (state !== 'waiting') return '';
    return this.#secondsLeft > 0 ? `Next try in ${this.#secondsLeft} s.` : 'Trying to connect …';
  }

  /** Shows what is so now: at each change, and once a second. A person who trades on a price must see that it is old. */
  show() {
    const now = Date.now();
    const isSilent = this.#since !== null && now - this.#since >= silenceMilliseconds;
    const isShown = this.#noticedAt !== null && (isSilent || now - this.#noticedAt >= noticeMilliseconds);
    this.lostAt = isShown ? (this.#since ?? this.#noticedAt) : null;
    document.documentElement.classList.toggle('is-stale', isShown);
    document.title = isShown ? 'Not live – Tidegate' : 'Tidegate';
    element('notice').hidden = !isShown;
    if (!isShown) return;
    const since = this.#since === null ? null : clock(this.#since, true);
    const what = since === null ? 'Nothing has been live yet' : `Not live. What you see is as of ${since}, ${age(now - /** @type {number} */ (this.#since), 0)} ago`;
    element('notice-text').textContent = `${what}: ${this.reason}. ${this.#nextText}`;
    if (!this.#isAsked) this.#say(since === null ? 'Not live' : `Not live since ${since}`);
  }
}
