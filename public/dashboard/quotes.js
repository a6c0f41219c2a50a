// The state of each watched topic: the newest value, its last move, its history.
import { History } from './history.js';
import { decimalsOf } from './format.js';
import { compareNumerals, difference, numeralsOf } from './numeral.js';

/** Enough for a sparkline and for the first view of a chart, at 16 bytes each even with 10,000 topics. */
const shortLength = 256;
/** The selected topic keeps more: an hour at six updates a second. */
const longLength = 21_600;

/** The member names that an interesting number can have, in order. */
const valueNames = ['last', 'price', 'value', 'busyPercent', 'usedPercent', 'load1', 'receivedBytesPerSecond'];

/** @typedef {ReturnType<typeof newQuote>} Quote */

const newQuote = (/** @type {string} */ topic) => ({
  topic,
  /** The number that stands for the value, as it came; empty if there is none. */
  numeral: '',
  /** The same to draw, which may be infinite. */
  value: NaN,
  first: '',
  decimals: 0,
  data: /** @type {any} */ (null),
  /** The data's JSON. */
  text: '',
  /** @type {Map<string, string>} */
  numerals: new Map(),
  change: NaN,
  changePercent: NaN,
  time: 0,
  version: 0,
  /** 1, 0 or −1, of the last move. */
  directions: { last: 0, bid: 0, ask: 0 },
  /** When it last moved, on the page's clock; its cells then flash for a moment. */
  movedAt: -Infinity,
  isSimulated: false,
  history: new History(shortLength),
});

export class Quotes {
  /** @type {Map<string, Quote>} */
  #quotes = new Map();
  #selected = '';
  /** Grows when a topic comes or goes. */
  generation = 0;
  /** Whether the selected topic has ended. */
  isSelectedEnded = false;
  simulatedCount = 0;

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
    this.isSelectedEnded = false;
    const quote = this.#quotes.get(topic);
    if (quote) lengthen(quote);
  }

  /** @param {import('../tidegate/transport.js').Update} update @param {number} now on the page's clock */
  take(update, now) {
    if (update.topic === this.#selected) this.isSelectedEnded = update.deleted ?? false;
    if (update.deleted) {
      this.#forget(update.topic);
      return;
    }
    let quote = this.#quotes.get(update.topic);
    if (!quote) {
      quote = newQuote(update.topic);
      if (update.topic === this.#selected) lengthen(quote);
      this.#quotes.set(update.topic, quote);
      this.generation += 1;
    }
    // A further subscription repeats known values.
    if (quote.version === update.version) return;
    apply(quote, update, now);
    if (update.data?.simulated === true && !quote.isSimulated) {
      quote.isSimulated = true;
      this.simulatedCount += 1;
    }
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
    this.#quotes.delete(topic);
    this.generation += 1;
  }
}

/** @param {Quote} quote */
function lengthen(quote) {
  const longer = new History(longLength);
  for (let index = 0; index < quote.history.length; index += 1) {
    longer.push(quote.history.time(index), quote.history.numeral(index));
  }
  quote.history = longer;
}

/** @param {Quote} quote @param {import('../tidegate/transport.js').Update} update @param {number} now */
function apply(quote, { data, text = '', time, version }, now) {
  const [before, numerals] = [quote.numerals, numeralsOf(text)];
  const numeral = valueOf(numerals);
  quote.directions.last = direction(quote.numeral, numeral);
  for (const name of /** @type {const} */ (['bid', 'ask'])) quote.directions[name] = direction(before.get(name), numerals.get(name));
  if (numeral) {
    quote.first ||= numeral;
    for (const quoted of [numeral, numerals.get('bid'), numerals.get('ask')]) if (quoted) quote.decimals = decimalsOf(quoted, quote.decimals);
  }
  quote.numeral = numeral;
  quote.value = numeral ? Number(numeral) : NaN;
  if (Number.isFinite(quote.value)) quote.history.push(time, numeral);
  quote.change = Number(numerals.get('change') ?? (numeral ? difference(numeral, quote.first) : NaN));
  quote.changePercent = Number(numerals.get('changePercent') ?? (100 * quote.change) / (Number(quote.first) || Infinity));
  quote.data = data;
  quote.text = text;
  quote.numerals = numerals;
  quote.time = time;
  quote.version = version;
  quote.movedAt = now;
}

/** 1, 0 or −1. @param {string | undefined} before @param {string | undefined} numeral */
const direction = (before, numeral) => (before && numeral ? Math.sign(compareNumerals(numeral, before)) : 0);

/**
 * The number that stands for a value: itself, a member of a known name, else the first number in it; empty if there is none.
 * @param {Map<string, string>} numerals
 * @returns {string}
 */
export function valueOf(numerals) {
  const name = ['', ...valueNames].find((known) => numerals.has(known));
  return (name === undefined ? [...numerals.values()][0] : numerals.get(name)) ?? '';
}
