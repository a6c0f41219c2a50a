// The connection panel: transport, latency, flow and pace.
import { color, fit } from './canvas.js';
import { bytes, compact, fixed } from './format.js';
import { names } from './liveness.js';

/** The positions of the slider; the last one means no limit. */
const paces = [0.2, 0.5, 1, 2, 5, 10, 20, null];
const flowSeconds = 60;
const latencyMilliseconds = 3000;

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

export class ConnectionPanel {
  #gate;
  #before = { updates: 0, conflated: 0 };
  #beforeTime = performance.now();
  #frames = 0;
  #flow = /** @type {{sent: number, saved: number}[]} */ ([]);
  #liveness;

  /**
   * @param {import('../tidegate/gate.js').Tidegate} gate
   * @param {import('./liveness.js').Liveness} liveness
   */
  constructor(gate, liveness) {
    this.#gate = gate;
    this.#liveness = liveness;
    for (const name of /** @type {const} */ (['state', 'live', 'stale', 'error'])) gate.on(name, () => this.#showState());
    gate.on('state', ({ state }) => { if (state === 'live') this.#measureLatency(); });
    this.#watchTransports();
    this.#watchPace();
    setInterval(() => this.#measure(), 1000);
    setInterval(() => this.#measureLatency(), latencyMilliseconds);
  }

  /** A frame was drawn. */
  countFrame() {
    this.#frames += 1;
  }

  #showState() {
    const { state, transport, isStale } = this.#gate;
    const { reason } = this.#liveness;
    element('state-reason').textContent = reason;
    element('state-reason').title = reason;
    element('state').dataset.state = state === 'live' && isStale ? 'behind' : state;
    element('state-text').textContent = this.#liveness.stateText;
    const isInUse = state === 'live' || (state === 'connecting' && !isStale);
    element('transport-name').textContent = isInUse ? names[transport] : 'none';
    if (!isInUse) element('latency').textContent = '–';
  }

  #watchTransports() {
    const wish = this.#gate.isTransportForced ? this.#gate.transport : 'auto';
    for (const choice of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('#transports input'))) {
      choice.checked = choice.value === wish;
      choice.addEventListener('change', () => this.#gate.setTransport(/** @type {any} */ (choice.value)));
    }
  }

  #watchPace() {
    const slider = input('pace');
    slider.addEventListener('input', () => {
      const pace = paces[Number(slider.value)];
      const text = pace === null ? 'full speed' : `${pace} a second`;
      element('pace-text').textContent = text;
      slider.setAttribute('aria-valuetext', text);
    });
    // Sent when the slider rests, not at each step.
    slider.addEventListener('change', () => this.#gate.setPace(paces[Number(slider.value)]));
  }

  #measure() {
    const now = performance.now();
    const seconds = (now - this.#beforeTime) / 1000;
    const { updates, conflated, bytes: byteCount } = this.#gate.counts;
    const sent = (updates - this.#before.updates) / seconds;
    const saved = (conflated - this.#before.conflated) / seconds;
    this.#before = { updates, conflated };
    this.#beforeTime = now;
    element('rate').textContent = compact(sent);
    element('conflated-rate').textContent = compact(saved);
    element('bytes').textContent = bytes(byteCount);
    element('cursor').textContent = this.#gate.cursor ?? '–';
    element('frames').textContent = fixed(this.#frames / seconds, 0);
    this.#frames = 0;
    this.#flow.push({ sent, saved });
    if (this.#flow.length > flowSeconds) this.#flow.shift();
    this.#drawFlow();
    this.#liveness.show();
    this.#showState();
  }

  async #measureLatency() {
    if (this.#gate.state !== 'live' || document.hidden) return;
    try {
      const milliseconds = await this.#gate.measureLatency();
      if (this.#gate.state !== 'live') return;
      element('latency').textContent = `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
    } catch {
      // The connection ended before the answer; the panel shows that elsewhere.
      element('latency').textContent = '–';
    }
  }

  /** A bar a second: the updates that came, and on top the conflated ones. */
  #drawFlow() {
    const canvas = /** @type {HTMLCanvasElement} */ (element('flow'));
    fit(canvas);
    const paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const { width, height } = canvas;
    paint.clearRect(0, 0, width, height);
    const most = Math.max(...this.#flow.map(({ sent, saved }) => sent + saved), 1);
    const step = width / flowSeconds;
    for (const [place, { sent, saved }] of this.#flow.entries()) {
      const x = width - (this.#flow.length - place) * step;
      const low = (sent / most) * height;
      const high = (saved / most) * height;
      paint.fillStyle = color('accent');
      paint.fillRect(x, height - low, step * 0.75, low);
      paint.fillStyle = color('saved');
      paint.fillRect(x, height - low - high, step * 0.75, high);
    }
  }
}
