// The metrics of the machine as gauges: a ring for each share, a figure for each other metric.
import { bytes, fixed, markStale } from './format.js';

const svg = 'http://www.w3.org/2000/svg';
const radius = 26;
/** The ring is three quarters of a circle. */
const fullLength = 2 * Math.PI * radius * 0.75;
/** The shares that deserve a look, and that mean trouble. */
const warmShare = 70;
const hotShare = 90;

/** How to show a topic below the host's prefix; null: not at all. @param {string} topic @param {any} data */
function reading(topic, data) {
  const [, kind, ...rest] = topic.split('/');
  const name = rest.join('/');
  if (kind === 'cpu') return name === 'total' ? { label: 'CPU', share: data.busyPercent, text: percent(data.busyPercent) } : null;
  if (kind === 'memory') return { label: 'Memory', share: data.usedPercent, text: percent(data.usedPercent), note: `of ${bytes(data.totalBytes)}` };
  if (kind === 'swap') return data.totalBytes > 0 ? { label: 'Swap', share: data.usedPercent, text: percent(data.usedPercent) } : null;
  if (kind === 'disk') return { label: `Disk ${name}`, share: data.usedPercent, text: percent(data.usedPercent), note: `of ${bytes(data.totalBytes)}` };
  if (kind === 'load') return { label: 'Load', text: fixed(data.load1, 2), note: `${fixed(data.load5, 2)} · ${fixed(data.load15, 2)}` };
  if (kind === 'net' && name !== 'lo') {
    return { label: `Net ${name}`, text: `↓ ${bytes(data.receivedBytesPerSecond)}/s`, note: `↑ ${bytes(data.transmittedBytesPerSecond)}/s` };
  }
  return null;
}

const percent = (/** @type {number} */ share) => `${Math.round(share)} %`;
/** A machine may have many disks and networks: the limit for each. */
const mostOfAKind = 2;

/** The order of the gauges. */
const kinds = ['cpu', 'memory', 'swap', 'load', 'disk', 'net'];

export class Gauges {
  #box = /** @type {HTMLElement} */ (document.getElementById('gauges'));
  #empty = /** @type {HTMLElement} */ (document.getElementById('gauges-empty'));
  #uptime = /** @type {HTMLElement} */ (document.getElementById('uptime'));
  /** @type {Map<string, ReturnType<typeof makeGauge>>} */
  #gauges = new Map();

  /** @param {import('../tidegate/transport.js').Update[]} updates */
  take(updates) {
    for (const { topic, data, stale } of updates) {
      if (topic.endsWith('/uptime') && data) this.#uptime.textContent = `up ${fixed(data.seconds / 3600, 1)} h`;
      const shown = data ? reading(topic, data) : null;
      if (shown) this.#show(topic, shown, stale);
      else this.#remove(topic);
    }
    this.#empty.hidden = this.#gauges.size > 0;
  }

  /** @param {string} topic @param {NonNullable<ReturnType<typeof reading>>} shown @param {number | undefined} staleSince */
  #show(topic, shown, staleSince) {
    let gauge = this.#gauges.get(topic);
    if (!gauge) {
      const kind = topic.split('/')[1];
      const alike = [...this.#gauges.keys()].filter((other) => other.split('/')[1] === kind);
      if (alike.length >= mostOfAKind) return;
      gauge = makeGauge(shown.share !== undefined);
      this.#gauges.set(topic, gauge);
      gauge.box.style.order = String(kinds.indexOf(kind));
      this.#box.append(gauge.box);
    }
    markStale(gauge.box, staleSince);
    gauge.label.textContent = shown.label;
    gauge.text.textContent = shown.text;
    gauge.note.textContent = shown.note ?? '';
    if (shown.share === undefined || !gauge.arc) return;
    gauge.arc.setAttribute('stroke-dasharray', `${(fullLength * Math.min(shown.share, 100)) / 100} 1000`);
    gauge.box.dataset.heat = shown.share >= hotShare ? 'hot' : shown.share >= warmShare ? 'warm' : 'cool';
    gauge.box.setAttribute('aria-valuenow', String(Math.round(shown.share)));
    gauge.box.setAttribute('aria-label', shown.label);
  }

  /** Earlier values are void. */
  clear() {
    for (const topic of [...this.#gauges.keys()]) this.#remove(topic);
    this.#uptime.textContent = '';
  }

  /** @param {string} topic */
  #remove(topic) {
    this.#gauges.get(topic)?.box.remove();
    this.#gauges.delete(topic);
  }
}

/** @param {boolean} isShare */
function makeGauge(isShare) {
  const box = document.createElement('div');
  box.className = `gauge ${isShare ? 'ring' : 'figure'}`;
  let arc = null;
  if (isShare) {
    box.setAttribute('role', 'meter');
    box.setAttribute('aria-valuemin', '0');
    box.setAttribute('aria-valuemax', '100');
    const picture = document.createElementNS(svg, 'svg');
    picture.setAttribute('viewBox', '0 0 64 64');
    picture.setAttribute('aria-hidden', 'true');
    picture.append(makeArc('track', fullLength));
    arc = makeArc('value', 0);
    picture.append(arc);
    box.append(picture);
  }
  const make = (/** @type {string} */ name) => {
    const part = document.createElement('span');
    part.className = name;
    box.append(part);
    return part;
  };
  return { box, arc, text: make('text'), label: make('label'), note: make('note') };
}

/** @param {string} name @param {number} length */
function makeArc(name, length) {
  const arc = document.createElementNS(svg, 'circle');
  const attributes = { class: name, cx: 32, cy: 32, r: radius, transform: 'rotate(135 32 32)', 'stroke-dasharray': `${length} 1000` };
  for (const [key, value] of Object.entries(attributes)) arc.setAttribute(key, String(value));
  return arc;
}
