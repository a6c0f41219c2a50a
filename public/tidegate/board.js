/** The topics' values and their subscriptions. It drops repeats and counts conflated updates. */

/**
 * @typedef {import('./transport.js').Update} Update
 * @typedef {import('./subscription.js').Subscription} Subscription
 *
 * @typedef {object} TopicRecord
 * @property {Update | null} update the newest; null after its end
 * @property {number} version of the newest
 * @property {number} conflated updates that this client was never sent
 */

export class Board {
  #environment;
  /** @type {Map<string, TopicRecord & {takers: Subscription[] | null}>} */
  #records = new Map();
  /** @type {Set<Subscription>} */
  #subscriptions = new Set();
  #isFramePlanned = false;

  /** Counts since the page was opened. */
  counts = { updates: 0, conflated: 0, repeats: 0 };

  /** @param {import('./environment.js').Environment} environment */
  constructor(environment) {
    this.#environment = environment;
  }

  /** @param {string} topic @returns {TopicRecord | undefined} */
  record(topic) {
    return this.#records.get(topic);
  }

  get isEmpty() {
    return this.#records.size === 0;
  }

  /** All subscribed patterns, each once. */
  get patterns() {
    return new Set([...this.#subscriptions].flatMap(({ patterns }) => patterns));
  }

  /** Gives a new subscription the known values, but later: its caller does not have the means to unsubscribe yet. @param {Subscription} subscription */
  add(subscription) {
    this.#subscriptions.add(subscription);
    this.#forgetTakers();
    const known = [...this.#records.values()].filter(
      ({ update }) => update && subscription.covers(update.topic),
    );
    if (known.length === 0) return;
    queueMicrotask(() => {
      if (!this.#subscriptions.has(subscription)) return;
      for (const { update } of known) this.#hand(subscription, /** @type {Update} */ (update));
    });
  }

  /** @param {Subscription} subscription */
  remove(subscription) {
    this.#subscriptions.delete(subscription);
    this.#forgetTakers();
  }

  /** Forgets topics that nobody wants any more: once the gateway is told so, because a page may want them again in the same breath. */
  forgetUnwanted() {
    for (const topic of this.#records.keys()) {
      if (this.#takers(topic).length === 0) this.#records.delete(topic);
    }
  }

  /** @param {Update[]} updates */
  take(updates) {
    for (const update of updates) this.#takeOne(update);
  }

  /** The topic's value counts as stale until the next one comes. Callbacks are told that asked for it. @param {import('./transport.js').Staleness} staleness */
  takeStale({ topic, since }) {
    const record = this.#records.get(topic);
    if (!record?.update || record.update.stale === since) return;
    record.update = { ...record.update, stale: since };
    record.takers ??= this.#takers(topic);
    for (const subscription of record.takers) if (subscription.wantsStaleness) this.#hand(subscription, record.update);
  }

  /** A gap of this topic: the updates before `next` are gone for everybody, and do not count as conflated. @param {string} topic @param {number} next */
  skip(topic, next) {
    this.#recordFor(topic).version = next - 1;
  }

  /** Versions count anew, and known values may no longer hold. */
  forgetAll() {
    this.#records.clear();
    for (const subscription of this.#subscriptions) subscription.forget();
  }

  /** @param {Update} update */
  #takeOne(update) {
    const record = this.#recordFor(update.topic);
    if (update.version <= record.version) {
      this.counts.repeats += 1;
      return;
    }
    if (record.version > 0) {
      const conflated = update.version - record.version - 1;
      record.conflated += conflated;
      this.counts.conflated += conflated;
    }
    this.counts.updates += 1;
    record.version = update.version;
    record.update = update.deleted ? null : update;
    record.takers ??= this.#takers(update.topic);
    for (const subscription of record.takers) this.#hand(subscription, update);
  }

  /** @param {string} topic */
  #recordFor(topic) {
    let record = this.#records.get(topic);
    if (!record) {
      record = { update: null, version: 0, conflated: 0, takers: null };
      this.#records.set(topic, record);
    }
    return record;
  }

  /** @param {string} topic */
  #takers(topic) {
    return [...this.#subscriptions].filter((subscription) => subscription.covers(topic));
  }

  #forgetTakers() {
    for (const record of this.#records.values()) record.takers = null;
  }

  /** @param {Subscription} subscription @param {Update} update */
  #hand(subscription, update) {
    if (!subscription.take(update) || this.#isFramePlanned) return;
    this.#isFramePlanned = true;
    this.#environment.onFrame(() => {
      this.#isFramePlanned = false;
      for (const framed of this.#subscriptions) framed.tellDue();
    });
  }
}
