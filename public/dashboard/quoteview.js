// The head of the chart: the selected topic's price, its move and its facts.
import { compact, fixed, plain, signed } from './format.js';

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const flashMilliseconds = 180;
/** The facts beside the price, if the value has them. */
const facts = [['bid', 'Bid'], ['ask', 'Ask'], ['open', 'Open'], ['high', 'High'], ['low', 'Low'], ['size', 'Size'], ['volume', 'Volume']];
const wholes = new Set(['size', 'volume']);

export class QuoteView {
  #texts = new Map();

  /** @param {string} topic @param {import('./quotes.js').Quote | undefined} quote @param {number} now */
  draw(topic, quote, now) {
    this.#write('chart-topic', topic || 'Choose a topic');
    const hasValue = quote !== undefined && Number.isFinite(quote.value);
    element('chart-price').classList.toggle('is-text', quote !== undefined && !hasValue);
    this.#write('chart-price', hasValue ? fixed(quote.value, quote.decimals) : quote ? plain(quote.data) : '–');
    this.#write('chart-move', hasValue ? moveOf(quote) : '');
    const trend = !hasValue || quote.change === 0 ? 'flat' : quote.change > 0 ? 'up' : 'down';
    element('chart-move').dataset.trend = trend;
    element('chart-topic').classList.toggle('is-simulated', quote?.isSimulated ?? false);
    const isFresh = quote !== undefined && now - quote.movedAt < flashMilliseconds && quote.directions.last !== 0;
    element('chart-price').dataset.flash = !isFresh ? '' : quote.directions.last > 0 ? 'up' : 'down';
    this.#drawFacts(quote);
  }

  /** @param {import('./quotes.js').Quote | undefined} quote */
  #drawFacts(quote) {
    const present = facts.filter(([name]) => typeof quote?.data?.[name] === 'number');
    const names = present.map(([name]) => name).join();
    const box = element('chart-facts');
    if (box.dataset.names !== names) {
      box.dataset.names = names;
      box.replaceChildren(...present.map(([name, title]) => makeFact(name, title)));
      this.#texts.clear();
    }
    for (const [name] of present) {
      const value = quote?.data[name];
      this.#write(`fact-${name}`, wholes.has(name) ? compact(value) : fixed(value, quote?.decimals ?? 2));
    }
  }

  /** @param {string} id @param {string} text */
  #write(id, text) {
    if (this.#texts.get(id) === text) return;
    this.#texts.set(id, text);
    element(id).textContent = text;
  }
}

/** @param {import('./quotes.js').Quote} quote */
function moveOf({ change, changePercent, decimals }) {
  const arrow = change > 0 ? '▲' : change < 0 ? '▼' : '■';
  return `${arrow} ${signed(change, decimals)} (${signed(changePercent, 2)}%)`;
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
