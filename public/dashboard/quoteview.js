// The head of the chart: the selected topic's price, its move and its facts.
import { measureOf } from './measure.js';
import { lostText, markStale, move, plain, signed, staleText } from './format.js';

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const flashMilliseconds = 180;
/** The facts beside the price, if the value has them. */
const facts = [['bid', 'Bid'], ['ask', 'Ask'], ['open', 'Open'], ['high', 'High'], ['low', 'Low'], ['size', 'Size'], ['volume', 'Volume']];
/** So many of a metric's numbers. */
const mostFacts = 8;
/** A price of more digits than this is written smaller, over several lines if need be. */
const longNumeral = 20;

export class QuoteView {
  #texts = new Map();
  #staleSince = /** @type {number | null} */ (null);

  /**
   * @param {string} topic
   * @param {import('./quotes.js').Quote | undefined} quote
   * @param {number} now on the page's clock
   * @param {number | null} lostAt since when nothing is live, Unix milliseconds
   */
  draw(topic, quote, now, lostAt) {
    this.#write('chart-topic', topic || 'Choose a topic');
    const numeral = quote?.numeral ?? '';
    const metric = quote?.measure?.isPrice === false ? quote.measure : null;
    element('chart-price').classList.toggle('is-text', quote !== undefined && (numeral === '' || numeral.length > longNumeral));
    if (quote && !numeral) this.#write('chart-price', plain(quote.data, quote.text));
    else if (metric) this.#write('chart-price', metric.text(numeral));
    else this.#writeNumeral('chart-price', numeral || '–');
    const isMoved = quote !== undefined && Number.isFinite(quote.change);
    this.#write('chart-move', metric ? metric.name : isMoved ? moveOf(quote) : '');
    const trend = quote?.trend ?? 0;
    element('chart-move').dataset.trend = metric ? 'metric' : trend > 0 ? 'up' : trend < 0 ? 'down' : 'flat';
    const since = quote?.staleSince ?? null;
    if (since !== this.#staleSince) markStale(element('quote'), (this.#staleSince = since));
    this.#write('chart-stale', lostAt !== null ? lostText(lostAt) : since === null ? '' : staleText(since));
    element('chart-topic').classList.toggle('is-simulated', quote?.isSimulated ?? false);
    const isFresh = quote !== undefined && now - quote.movedAt < flashMilliseconds && quote.direction !== 0;
    element('chart-price').dataset.flash = !isFresh ? '' : metric ? 'moved' : quote.direction > 0 ? 'up' : 'down';
    this.#drawFacts(quote);
  }

  /** @param {import('./quotes.js').Quote | undefined} quote */
  #drawFacts(quote) {
    const present = quote?.measure?.isPrice === false ? othersOf(quote) : facts.filter(([name]) => quote?.numerals.has(name));
    const names = present.map(([name]) => name).join();
    const box = element('chart-facts');
    if (box.dataset.names !== names) {
      box.dataset.names = names;
      box.replaceChildren(...present.map(([name, title]) => makeFact(name, title)));
      this.#texts.clear();
    }
    for (const [name] of present) {
      const numeral = quote?.numerals.get(name) ?? '';
      if (quote?.measure?.isPrice === false) this.#write(`fact-${name}`, measureOf(name, false).text(numeral));
      else this.#writeNumeral(`fact-${name}`, numeral);
    }
  }

  /** @param {string} id @param {string} text */
  #write(id, text) {
    if (this.#texts.get(id) === text) return;
    this.#texts.set(id, text);
    element(id).textContent = text;
  }

  /** As it came. Its thousands are set apart by space, which is no part of the text. @param {string} id @param {string} numeral */
  #writeNumeral(id, numeral) {
    if (this.#texts.get(id) === numeral) return;
    this.#texts.set(id, numeral);
    element(id).replaceChildren(...thousands(numeral).map((part) => Object.assign(document.createElement('span'), { textContent: part })));
  }
}

/** From five digits on: 1234567.89 as 1, 234 and 567.89. @param {string} numeral */
function thousands(numeral) {
  const whole = numeral.match(/^-?\d{5,}/)?.[0] ?? '';
  const parts = whole.match(/^-?\d{1,3}(?=(\d{3})*$)|\d{3}/g) ?? [''];
  parts.push(parts.pop() + numeral.slice(whole.length));
  return parts;
}

/** @param {import('./quotes.js').Quote} quote */
function moveOf({ change, changePercent, decimals }) {
  const arrow = change > 0 ? '▲' : change < 0 ? '▼' : '■';
  const percent = Number.isFinite(changePercent) ? ` (${signed(changePercent, 2)}%)` : '';
  return `${arrow} ${move(change, decimals)}${percent}`;
}

/** What else a metric has: its other numbers by their names. @param {import('./quotes.js').Quote} quote */
function othersOf({ numerals, measure }) {
  return [...numerals.keys()].filter((name) => name !== measure?.name).slice(0, mostFacts).map((name) => [name, name]);
}

/** @param {string} name @param {string} title */
function makeFact(name, title) {
  const fact = document.createElement('div');
  fact.dataset.fact = name;
  const term = document.createElement('dt');
  const value = document.createElement('dd');
  term.textContent = title;
  value.id = `fact-${name}`;
  fact.append(term, value);
  return fact;
}
