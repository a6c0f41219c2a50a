// The gateway's own figures from `gateway/`, if its feed of that name runs: those that an operator looks at first.
import { bytes, compact, fixed, markStale } from './format.js';
import { valueName } from './quotes.js';

/** @param {number} value */
const milliseconds = (value) => `${fixed(value, value < 10 ? 1 : 0)} ms`;

/** In display order: for each topic, the member to show, and how. */
const shown = [
  { topic: 'connections', member: 'open', title: 'connections', text: compact },
  { topic: 'delivered', member: 'perSecond', title: 'delivered / s', text: compact },
  { topic: 'conflated', member: 'perSecond', title: 'conflated / s', text: compact },
  { topic: 'latency', member: 'p99Milliseconds', title: 'latency p99', text: milliseconds },
  { topic: 'cpu', member: 'percent', title: 'CPU', text: (/** @type {number} */ value) => `${fixed(value, value < 10 ? 1 : 0)} %` },
  { topic: 'memory', member: 'residentBytes', title: 'memory', text: bytes },
];

export class GatewayFigures {
  #box = /** @type {HTMLElement} */ (document.getElementById('gateway'));
  #list = /** @type {HTMLElement} */ (document.getElementById('gateway-figures'));
  /** @type {Map<string, {box: HTMLElement, value: HTMLElement}>} by topic, in the order of `shown` on the page */
  #figures = new Map();

  /** @param {import('../tidegate/transport.js').Update[]} updates */
  take(updates) {
    for (const { topic, data, deleted, stale } of updates) {
      const name = topic.slice(topic.indexOf('/') + 1);
      if (deleted) this.#remove(name);
      else this.#show(name, data, stale);
    }
    this.#box.hidden = this.#figures.size === 0;
  }

  /** Earlier values are void. */
  clear() {
    for (const name of [...this.#figures.keys()]) this.#remove(name);
    this.#box.hidden = true;
  }

  /** @param {string} name @param {any} data @param {number | undefined} staleSince */
  #show(name, data, staleSince) {
    const place = shown.findIndex((figure) => figure.topic === name);
    if (place < 0) return;
    const { member, title, text } = shown[place];
    const number = data?.[member] ?? data?.[valueName(data) ?? ''] ?? data;
    if (!Number.isFinite(number)) return;
    let figure = this.#figures.get(name);
    if (!figure) {
      figure = makeFigure(title);
      this.#figures.set(name, figure);
      const next = shown.slice(place + 1).find((later) => this.#figures.has(later.topic));
      this.#list.insertBefore(figure.box, (next && this.#figures.get(next.topic)?.box) ?? null);
    }
    markStale(figure.box, staleSince);
    figure.value.textContent = text(number);
  }

  /** @param {string} name */
  #remove(name) {
    this.#figures.get(name)?.box.remove();
    this.#figures.delete(name);
  }
}

/** @param {string} title */
function makeFigure(title) {
  const [box, term, value] = ['div', 'dt', 'dd'].map((tag) => document.createElement(tag));
  term.textContent = title;
  term.title = title;
  box.append(term, value);
  return { box, value };
}
