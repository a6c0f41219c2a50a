// What the gateway publishes about itself below `gateway/`, where it does: a figure for each topic.
import { compact, plain } from './format.js';
import { numberOf } from './quotes.js';

/** So many fit below the gauges; the watch list takes all. */
const mostFigures = 6;

export class GatewayFigures {
  #box = /** @type {HTMLElement} */ (document.getElementById('gateway'));
  #list = /** @type {HTMLElement} */ (document.getElementById('gateway-figures'));
  /** @type {Map<string, {box: HTMLElement, value: HTMLElement}>} */
  #figures = new Map();

  /** @param {import('../tidegate/transport.js').Update[]} updates */
  take(updates) {
    for (const { topic, data, deleted } of updates) {
      if (deleted) this.#remove(topic);
      else this.#show(topic, data);
    }
    this.#box.hidden = this.#figures.size === 0;
  }

  /** What was known is void. */
  clear() {
    for (const topic of [...this.#figures.keys()]) this.#remove(topic);
    this.#box.hidden = true;
  }

  /** @param {string} topic @param {any} data */
  #show(topic, data) {
    let figure = this.#figures.get(topic);
    if (!figure) {
      if (this.#figures.size >= mostFigures) return;
      figure = makeFigure(topic.slice(topic.indexOf('/') + 1));
      this.#figures.set(topic, figure);
      this.#list.append(figure.box);
    }
    const number = numberOf(data);
    figure.value.textContent = Number.isFinite(number) ? compact(number) : plain(data);
  }

  /** @param {string} topic */
  #remove(topic) {
    this.#figures.get(topic)?.box.remove();
    this.#figures.delete(topic);
  }
}

/** @param {string} name */
function makeFigure(name) {
  const [box, term, value] = ['div', 'dt', 'dd'].map((tag) => document.createElement(tag));
  term.textContent = name;
  term.title = name;
  box.append(term, value);
  return { box, value };
}
