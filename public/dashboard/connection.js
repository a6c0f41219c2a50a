// The connection panel: transport, latency, flow and pace.
import { color, fit } from './canvas.js';
import { bytes, clock, compact, fixed } from './format.js';

/** The positions of the slider; the last one means no limit. */
const paces = [0.2, 0.5, 1, 2, 5, 10, 20, null];
const names = { ws: 'WebSocket', sse: 'Event stream', poll: 'Long poll' };
const flowSeconds = 60;
const latencyMilliseconds = 3000;
/** A drop that lasts no longer than this needs no notice. */
const noticeMilliseconds = 400;

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

export class ConnectionPanel {
  #gate;
  #before = { updates: 0, conflated: 0 };
  #beforeTime = performance.now();
  #frames = 0;
  #flow = /** @type {{sent: number, saved: number}[]} */ ([]);
  #retryAt = 0;
  #announce;
  /** Since when the values may be out of date, Unix milliseconds. @type {number | null} */
  #staleSince = null;
  #reason = '';
  /** The last announcement. */
  #announced = '';
  /** When the page will count as out of date, Unix milliseconds; null while it is current. @type {number | null} */
  staleAt = null;

  /**
   * @param {import('../tidegate/gate.js').Tidegate} gate
   * @param {(text: string) => void} announce
   */
  constructor(gate, announce) {
    this.#gate = gate;
    this.#announce = announce;
    gate.on('state', (details) => this.#stateChanged(details));
    gate.on('live', () => this.#becameCurrent());
    gate.on('stale', ({ reason }) => this.#becameStale(reason));
    gate.on('error', ({ message }) => (this.#reason = message));
    this.#watchTransports();
    this.#watchPace();
    element('state').addEventListener('click', () => gate.reconnect());
    setInterval(() => this.#measure(), 1000);
    setInterval(() => this.#measureLatency(), latencyMilliseconds);
  }

  /** A frame was drawn. */
  countFrame() {
    this.#frames += 1;
  }

  /** @param {import('../tidegate/gate.js').StateDetails} details */
  #stateChanged({ state, transport, reason, retryIn }) {
    this.#retryAt = retryIn === undefined ? 0 : performance.now() + retryIn;
    element('state').dataset.state = state;
    element('transport-name').textContent = names[transport];
    if (state === 'live') {
      this.#measureLatency();
    } else if (state !== 'connecting') {
      this.#becameStale(reason ?? state);
    }
    this.#showState();
  }

  #becameCurrent() {
    this.#staleSince = null;
    this.#reason = `live since ${clock(Date.now(), true)}`;
    this.#say(`live by ${names[this.#gate.transport]}`);
    this.#showState();
  }

  /** @param {string} reason */
  #becameStale(reason) {
    this.#reason = reason;
    if (this.#staleSince !== null) return;
    this.#staleSince = Date.now();
    setTimeout(() => this.#showState(), noticeMilliseconds);
  }

  /** Announces a text once: failing retries are no news. @param {string} text */
  #say(text) {
    if (this.#announced === text) return;
    this.#announced = text;
    this.#announce(text);
  }

  /** A person who trades on a price must see that it is old. */
  #showNotice() {
    const isStale = this.#staleSince !== null && Date.now() - this.#staleSince >= noticeMilliseconds;
    this.staleAt = isStale ? this.#staleSince : null;
    document.documentElement.classList.toggle('is-stale', isStale);
    element('notice').hidden = !isStale;
    if (!isStale) return;
    const since = clock(/** @type {number} */ (this.#staleSince), true);
    element('notice-text').textContent = `Not live. What you see is as of ${since}: ${this.#reason}.`;
    this.#say(`Not live since ${since}`);
  }

  #showState() {
    this.#showNotice();
    element('state-reason').textContent = this.#reason;
    element('state-reason').title = this.#reason;
    const { state, transport } = this.#gate;
    const left = Math.ceil((this.#retryAt - performance.now()) / 1000);
    // The link may be sound while the gateway is behind.
    const isBehind = state === 'live' && this.#gate.isStale;
    element('state').dataset.state = isBehind ? 'behind' : state;
    const texts = {
      live: `${isBehind ? 'behind' : 'live'} · ${names[transport]}`,
      connecting: `connecting · ${names[transport]}`,
      waiting: left > 0 ? `retry in ${left} s` : 'retrying',
      closed: 'closed · connect',
    };
    element('state-text').textContent = texts[state] ?? state;
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
    this.#showState();
  }

  async #measureLatency() {
    if (this.#gate.state !== 'live' || document.hidden) return;
    try {
      const milliseconds = await this.#gate.measureLatency();
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
