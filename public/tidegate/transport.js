/**
 * What all transports share: the plan they are given and what they report. There is one object a connection; it
 * is opened once, reports `closed` once, and is thrown away.
 *
 * @typedef {object} Start what the connection is to carry, and from where on
 * @property {string[]} covered what `cursor` vouches for
 * @property {string[]} uncovered what is to be sent whole
 * @property {string | null} cursor null where nothing is covered
 *
 * @typedef {Start & {maxRate: number | null}} Plan
 *
 * @typedef {object} Update one new value of one topic
 * @property {string} topic
 * @property {number} version
 * @property {number} time when the gateway accepted it, Unix milliseconds
 * @property {any} [data]
 * @property {true} [deleted] the update that ends the topic
 *
 * @typedef {object} Gap updates of a `log` topic that are gone
 * @property {string} topic
 * @property {number} next the version that follows
 * @property {number} [missed]
 *
 * @typedef {object} Ending why a connection is over
 * @property {'lost' | 'blocked' | 'overloaded' | 'refused'} kind `refused` is for good
 * @property {boolean} [isCertain] `blocked` is beyond doubt
 * @property {string} reason
 * @property {string} [problem] what the gateway called it: `invalid_topic`, `unauthenticated`, …
 * @property {number} [code] the close code of a WebSocket, the status of an answer
 * @property {number} [retryAfter] milliseconds, where the gateway named them
 *
 * @typedef {object} Sink what a transport reports to
 * @property {(byteCount: number) => void} heard anything at all came
 * @property {(updates: Update[], cursor?: string) => void} updates
 * @property {(cursor: string) => void} cursor
 * @property {(patterns: string[], cursor: string) => void} covered the cursor now vouches for these as well
 * @property {(resumed: boolean) => void} live all that existed has been sent
 * @property {(reason: string) => void} reset forget what is held; all of it follows
 * @property {(gap: Gap) => void} gap
 * @property {(milliseconds: number) => void} goodbye
 * @property {(code: string, message: string) => void} error
 * @property {(ending: Ending) => void} closed
 *
 * @typedef {object} Surroundings what holds for all connections of a client
 * @property {import('./environment.js').Environment} environment
 * @property {URL} base where the gateway is
 * @property {(isRefresh: boolean) => Promise<string | null>} token
 * @property {number} heartbeat seconds
 *
 * @typedef {Surroundings & {sink: Sink}} Context what a transport is given
 */

/** How long a connection may take to show its first sign of life. */
export const openMilliseconds = 5000;

/** Silent for so many heartbeats, a connection is dead. */
export const deadHeartbeats = 2.5;

/**
 * The query of an event stream or a poll.
 * @param {URL} base
 * @param {string} path
 * @param {string[]} topics
 * @param {Record<string, string | number | null>} settings null ones are left out
 */
export function queryURL(base, path, topics, settings) {
  const url = new URL(path, base);
  const parts = [`topics=${topics.map(encodeURIComponent).join(',')}`];
  for (const [name, value] of Object.entries(settings)) {
    if (value !== null) parts.push(`${name}=${encodeURIComponent(value)}`);
  }
  url.search = parts.join('&').replaceAll('%2F', '/');
  return url;
}

/**
 * A request with the token, if there is one; once more with a fresh token when that one is refused.
 * @param {Surroundings} surroundings
 * @param {URL} url
 * @param {RequestInit} [init]
 */
export async function request(surroundings, url, init = {}) {
  const send = async (/** @type {boolean} */ isRefresh) => {
    const token = await surroundings.token(isRefresh);
    const headers = { ...init.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    return { token, response: await surroundings.environment.fetch(url, { cache: 'no-store', ...init, headers }) };
  };
  const first = await send(false);
  if (first.response.status !== 401 || !first.token) return first.response;
  return (await send(true)).response;
}

/**
 * What an answer that is no success means for the connection.
 * @param {Response} response
 * @returns {Promise<Ending & { problem: string }>}
 */
export async function refusal(response) {
  const { status } = response;
  const body = await response.json().catch(() => ({}));
  const reason = body.detail ?? `the gateway answered ${status}`;
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds * 1000 : undefined;
  const problem = body.code ?? 'bad_request';
  const rest = { reason, code: status, retryAfter, problem };
  // A refusal of this gateway names its code; anybody else's is a proxy's that is in the way.
  if (status === 429 || status === 503) return { kind: 'overloaded', ...rest };
  if (body.code && status >= 400 && status < 500 && status !== 404) return { kind: 'refused', ...rest };
  if (status >= 500 && status !== 501) return { kind: 'lost', ...rest };
  return { kind: 'blocked', isCertain: true, ...rest };
}

/** Acts once when nothing has been heard for a while. */
export class SilenceTimer {
  #environment;
  #action;
  /** @type {any} */
  #timer = null;
  #due = 0;

  /**
   * @param {import('./environment.js').Environment} environment
   * @param {() => void} action
   */
  constructor(environment, action) {
    this.#environment = environment;
    this.#action = action;
  }

  /**
   * From now on, or from what is heard next, there may be so much silence. Cheap: the timer itself is not moved.
   * @param {number} milliseconds
   */
  allow(milliseconds) {
    this.#due = this.#environment.now() + milliseconds;
    if (this.#timer === null) this.#arm(milliseconds);
  }

  /** The next silence must be judged anew, also where it may be shorter. @param {number} milliseconds */
  restart(milliseconds) {
    this.stop();
    this.allow(milliseconds);
  }

  stop() {
    if (this.#timer !== null) this.#environment.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** @param {number} milliseconds */
  #arm(milliseconds) {
    this.#timer = this.#environment.setTimeout(() => {
      this.#timer = null;
      const left = this.#due - this.#environment.now();
      if (left > 0) this.#arm(left);
      else this.#action();
    }, milliseconds);
  }
}
