// The state of each watched topic: the newest value, its last move, its history.
import { History } from './history.js';
import { decimalsOf } from './format.js';
import { measureOf, priceNames } from './measure.js';
import { compareNumerals, difference, isPlain, numeralOf, numeralsOf } from './numeral.js';

/** Enough for a sparkline and for the first view of a chart, at 17 bytes each even with 10,000 topics. */
const shortLength = 256;
/** The selected topic keeps more: an hour at six updates a second. */
const longLength = 21_600;
/** So many times of staleness are remembered. */
const mostGaps = 64;

/** The member names that an interesting number can have, in order. */
const valueNames = ['last', 'price', 'value', 'busyPercent', 'usedPercent', 'load1', 'receivedBytesPerSecond', 'perSecond'];
/** What a column can show, if a topic has it. @typedef {'price' | 'metric' | 'bid' | 'ask' | 'volume'} Trait */
const traits = /** @type {Trait[]} */ (['price', 'metric', 'bid', 'ask', 'volume']);

/** One topic. Updates come much more often than one is looked at, so what only a look needs is found out then. */
export class Quote {
  /** The number that stands for the value, as it came; empty if there is none. */
  numeral = '';
  /** The same to draw, which may be infinite; no number if there is none. */
  value = NaN;
  /** What the number measures; null if there is none. @type {import('./measure.js').Measure | null} */
  measure = null;
  /** Those that it has, as bits. */
  traits = 0;
  /** The first number that came. */
  #first = '';
  decimals = 0;
  /** @type {any} */
  data = null;
  /** The data's JSON. */
  text = '';
  /** @type {Map<string, string> | null} */
  #numerals = null;
  /** Those of the value before, which was this. */
  #numeralsBefore = /** @type {Map<string, string> | null} */ (null);
  #textBefore = '';
  /** Of the last move: 1, 0 or −1. */
  direction = 0;
  /** When it happened, as far as is known, Unix milliseconds: ages count from here. */
  moment = 0;
  /** Since when it counts as stale, Unix milliseconds; null while it does not. @type {number | null} */
  staleSince = null;
  /** Earlier times in which it was stale. @type {import('./liveness.js').Gap[]} */
  gaps = [];
  version = 0;
  /** When it last moved, on the page's clock; its cells then flash for a moment. */
  movedAt = -Infinity;
  isSimulated = false;
  history = new History(shortLength);

  /** @param {string} topic */
  constructor(topic) {
    this.topic = topic;
  }

  /** @param {import('../tidegate/transport.js').Update} update @param {number} now on the page's clock */
  take({ data, text = '', time, at = time, version }, now) {
    const [before, valueBefore] = [this.numeral, this.value];
    const name = valueName(data);
    this.numeral = name === null ? '' : numeralOf(text, name);
    this.value = name === null ? NaN : Number(this.numeral);
    this.direction = 0;
    this.#measured(name, data);
    if (this.numeral) {
      this.#first ||= this.numeral;
      this.decimals = decimalsOf(this.numeral, this.decimals);
      if (before !== '' && before !== this.numeral) this.direction = Math.sign(this.value - valueBefore) || Math.sign(compareNumerals(this.numeral, before));
      if (Number.isFinite(this.value)) this.history.push(time, this.numeral, this.value);
    }
    [this.#textBefore, this.#numeralsBefore] = [this.text, this.#numerals];
    [this.data, this.text, this.#numerals] = [data, text, null];
    [this.moment, this.version, this.movedAt] = [at, version, now];
  }

  /** @param {string | null} name @param {any} data */
  #measured(name, data) {
    const isNumber = (/** @type {string} */ member) => typeof data?.[member] === 'number';
    // A number that comes alone may be a price, and so is what is quoted beside a bid or an ask.
    const isPrice = name === '' || (name !== null && priceNames.some(isNumber));
    if (name === null) this.measure = null;
    else if (this.measure?.name !== name || this.measure.isPrice !== isPrice) this.measure = measureOf(name, isPrice);
    this.traits = (isPrice ? 1 : name !== null ? 2 : 0) | (isNumber('bid') ? 4 : 0) | (isNumber('ask') ? 8 : 0) | (isNumber('volume') ? 16 : 0);
  }

  /** Red and green are for prices: 1, 0 or −1 as it has risen or fallen, and 0 of a metric. */
  get trend() {
    return Math.sign(this.change) || 0;
  }

  /** The numerals of the value's members, by their names. */
  get numerals() {
    this.#numerals ??= numeralsOf(this.text);
    return this.#numerals;
  }

  /** The direction in which a member moved last: 1, 0 or −1. @param {string} name */
  directionOf(name) {
    this.#numeralsBefore ??= numeralsOf(this.#textBefore);
    const [before, numeral] = [this.#numeralsBefore.get(name), this.numerals.get(name)];
    return before && numeral ? Math.sign(compareNumerals(numeral, before)) : 0;
  }

  /** What the publisher tells, else the difference to the first value; no number if there is none, and of a metric. */
  get change() {
    if (!this.measure?.isPrice) return NaN;
    if (typeof this.data?.change === 'number') return this.data.change;
    return this.numeral ? difference(this.numeral, this.#first) : NaN;
  }

  get changePercent() {
    if (typeof this.data?.changePercent === 'number') return this.data.changePercent;
    return (100 * this.change) / (Number(this.#first) || Infinity);
  }

  /** It was stale until now. @param {number} time Unix milliseconds */
  endGap(time) {
    this.gaps.push({ from: /** @type {number} */ (this.staleSince), to: time });
    if (this.gaps.length > mostGaps) this.gaps.shift();
  }

  /** Keeps a longer history from now on. */
  lengthen() {
    const longer = new History(longLength);
    for (let index = 0; index < this.history.length; index += 1) {
      longer.push(this.history.time(index), this.history.numeral(index), this.history.value(index));
    }
    this.history = longer;
  }
}

export class Quotes {
  /** @type {Map<string, Quote>} */
  #quotes = new Map();
  #selected = '';
  /** Grows when a topic comes or goes. */
  generation = 0;
  /** Whether the selected topic is gone, and how. @type {'' | 'ended' | 'expired'} */
  selectedEnding = '';
  simulatedCount = 0;
  /** How many topics have each trait. */
  #counts = traits.map(() => 0);

  /** Whether any topic has it. @param {Trait} trait */
  has(trait) {
    return this.#counts[traits.indexOf(trait)] > 0;
  }

  get size() {
    return this.#quotes.size;
  }

  topics() {
    return [...this.#quotes.keys()];
  }

  /** @param {string} topic */
  get(topic) {
    return this.#quotes.get(topic);
  }

  /** The selected topic's history is kept longer from now on. @param {string} topic */
  select(topic) {
    this.#selected = topic;
    this.selectedEnding = '';
    this.#quotes.get(topic)?.lengthen();
  }

  /** @param {import('../tidegate/transport.js').Update} update @param {number} now on the page's clock */
  take(update, now) {
    if (update.topic === this.#selected) this.selectedEnding = !update.deleted ? '' : update.expired ? 'expired' : 'ended';
    if (update.deleted) {
      this.#forget(update.topic);
      return;
    }
    let quote = this.#quotes.get(update.topic);
    if (!quote) {
      quote = new Quote(update.topic);
      if (update.topic === this.#selected) quote.lengthen();
      this.#quotes.set(update.topic, quote);
      this.generation += 1;
    }
    // A further subscription repeats known values, and so does a value that has grown stale.
    const isNew = quote.version !== update.version;
    if (isNew && quote.staleSince !== null) quote.endGap(update.time);
    quote.staleSince = update.stale ?? null;
    if (!isNew) return;
    const before = quote.traits;
    quote.take(update, now);
    if (quote.traits !== before) this.#count(before, quote.traits);
    if (update.data?.simulated === true && !quote.isSimulated) {
      quote.isSimulated = true;
      this.simulatedCount += 1;
    }
  }

  /** @param {number} before the traits that one topic had @param {number} after */
  #count(before, after) {
    for (const place of traits.keys()) this.#counts[place] += ((after >> place) & 1) - ((before >> place) & 1);
    this.generation += 1;
  }

  /** Keeps only topics for which `isWanted` is true. @param {(topic: string) => boolean} isWanted */
  keep(isWanted) {
    for (const topic of this.topics()) if (!isWanted(topic)) this.#forget(topic);
  }

  /** @param {string} topic */
  #forget(topic) {
    const quote = this.#quotes.get(topic);
    if (!quote) return;
    if (quote.isSimulated) this.simulatedCount -= 1;
    this.#count(quote.traits, 0);
    this.#quotes.delete(topic);
    this.generation += 1;
  }
}

/**
 * The member whose number stands for a value: one of a known name, else the first number; the empty name is the value itself.
 * @param {any} data
 * @returns {string | null} null if there is none
 */
export function valueName(data) {
  if (typeof data === 'number') return '';
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return null;
  const isNumber = (/** @type {string} */ name) => typeof data[name] === 'number';
  return valueNames.find(isNumber) ?? Object.keys(data).find(isNumber) ?? null;
}
