// The chart of the selected topic: a line over time that follows, zooms and pans.
import { color, fit } from './canvas.js';
import { clock, fixed } from './format.js';

const shortestSpan = 2000;
/** A following chart with less data than its span shows only that data, but never less time than this. */
const shortestGrowth = 15_000;
const longestSpan = 24 * 3600 * 1000;
/** One notch of a wheel, one press of a key. */
const zoomStep = 1.2;
const panShare = 0.1;
/** Room for the prices and the times, in multiples of the text's height: the drawing grows with the page's text. */
const rightMargin = 6;
const bottomMargin = 2;
/** However far the chart is moved, this much of the first value's line stays in view. */
const leastShare = 0.1;

export class Chart {
  #canvas = /** @type {HTMLCanvasElement} */ (document.getElementById('chart'));
  #empty = /** @type {HTMLElement} */ (document.getElementById('chart-empty'));
  #follow = /** @type {HTMLElement} */ (document.getElementById('follow'));
  #span = 120_000;
  /** The right edge, Unix milliseconds; null follows the newest. @type {number | null} */
  #end = null;
  #shownEnd = 0;
  #shownSpan = 120_000;
  /** The first and last time with data, Unix milliseconds. */
  #known = { from: -Infinity, to: Infinity };
  /** The text's size, in CSS pixels. */
  #fontSize = 11;
  #pointerX = /** @type {number | null} */ (null);
  /** Fingers and buttons that are pressed. @type {Map<number, number>} */
  #drags = new Map();

  constructor() {
    const canvas = this.#canvas;
    canvas.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener('pointerdown', (event) => {
      this.#drags.set(event.pointerId, event.offsetX);
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => this.#pointerMoved(event));
    for (const name of ['pointerup', 'pointercancel']) {
      canvas.addEventListener(name, (event) => this.#drags.delete(event.pointerId));
    }
    canvas.addEventListener('pointerleave', () => this.#point(null));
    canvas.addEventListener('dblclick', () => this.#followNewest());
    canvas.addEventListener('keydown', (event) => this.#keyPressed(event));
    this.#follow.addEventListener('click', () => this.#followNewest());
    for (const button of this.#spanButtons()) {
      button.addEventListener('click', () => this.#showSpan(Number(button.dataset.seconds) * 1000));
    }
  }

  /** Another topic: starts at its newest value. */
  restart() {
    this.#followNewest();
  }

  /**
   * @param {import('./quotes.js').Quote | undefined} quote
   * @param {number} serverNow Unix milliseconds
   * @param {string} note the text to show while there is nothing to draw
   */
  draw(quote, serverNow, note) {
    if (fit(this.#canvas)) this.#fontSize = parseFloat(getComputedStyle(this.#canvas).fontSize);
    const paint = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext('2d'));
    const ratio = devicePixelRatio || 1;
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    const isDrawable = quote !== undefined && quote.history.length > 1;
    this.#empty.hidden = isDrawable;
    if (!isDrawable) {
      if (this.#empty.textContent !== note) this.#empty.textContent = note;
      return;
    }
    const view = this.#view(quote, serverNow);
    drawGrid(paint, view, quote.decimals);
    drawLine(paint, view, quote.history, quote.change < 0 ? color('down') : color('up'));
    drawLast(paint, view, quote);
    if (this.#pointerX !== null) drawCrosshair(paint, view, quote, this.#pointerX);
  }

  /** @param {import('./quotes.js').Quote} quote @param {number} serverNow @returns {View} */
  #view({ history }, serverNow) {
    const fontSize = this.#fontSize;
    const width = this.#width;
    const height = this.#canvas.clientHeight - bottomMargin * fontSize;
    this.#known = { from: history.time(0), to: serverNow };
    const end = this.#end ?? serverNow;
    const known = Math.max(end - history.time(0), shortestGrowth);
    this.#shownSpan = this.#end === null ? Math.min(this.#span, known) : this.#span;
    const start = end - this.#shownSpan;
    this.#shownEnd = end;
    // One more value at each side, so that the line runs to the edges.
    const from = Math.max(history.indexAt(start) - 1, 0);
    const to = Math.min(history.indexAt(end) + 1, history.length);
    let low = Infinity;
    let high = -Infinity;
    for (let index = from; index < to; index += 1) {
      const value = history.value(index);
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (low > high) low = high = history.value(history.length - 1);
    const air = (high - low) * 0.12 || Math.abs(high) * 0.001 || 1;
    low -= air;
    high += air;
    return {
      width, height, fontSize, start, end, from, to, low, high,
      x: (/** @type {number} */ time) => ((time - start) / (end - start)) * width,
      y: (/** @type {number} */ value) => height - ((value - low) / (high - low)) * height,
    };
  }

  /** The width of the drawing, without the prices at its right. */
  get #width() {
    return this.#canvas.clientWidth - rightMargin * this.#fontSize;
  }

  /** Changes the span around a fixed point. @param {number} factor @param {number} share of the width, from the left */
  #zoom(factor, share) {
    const span = Math.min(Math.max(this.#shownSpan * factor, shortestSpan), longestSpan);
    if (this.#end !== null) this.#end += (span - this.#span) * (1 - share);
    this.#setSpan(span);
  }

  /** @param {number} milliseconds */
  #pan(milliseconds) {
    const end = (this.#end ?? this.#shownEnd) + milliseconds;
    const isAtNewest = milliseconds > 0 && end >= this.#known.to;
    this.#end = isAtNewest ? null : Math.max(end, this.#known.from + leastShare * this.#shownSpan);
    this.#setSpan(isAtNewest ? this.#span : this.#shownSpan);
  }

  /** @param {number} span */
  #showSpan(span) {
    this.#end = null;
    this.#setSpan(span);
  }

  /** @param {number} span */
  #setSpan(span) {
    this.#span = span;
    for (const button of this.#spanButtons()) {
      button.setAttribute('aria-pressed', String(Number(button.dataset.seconds) * 1000 === span));
    }
    this.#showFollowing();
  }

  #followNewest() {
    this.#end = null;
    this.#showFollowing();
  }

  #showFollowing() {
    this.#follow.setAttribute('aria-pressed', String(this.#end === null));
  }

  /** @returns {HTMLElement[]} */
  #spanButtons() {
    return [...document.querySelectorAll('#spans button')];
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const width = this.#width;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.#pan((event.deltaX / width) * this.#shownSpan);
    else this.#zoom(event.deltaY > 0 ? zoomStep : 1 / zoomStep, Math.min(event.offsetX / width, 1));
  }

  /** @param {PointerEvent} event */
  #pointerMoved(event) {
    const before = this.#drags.get(event.pointerId);
    this.#point(event.offsetX);
    if (before === undefined) return;
    const width = this.#width;
    if (this.#drags.size === 1) {
      this.#pan(((before - event.offsetX) / width) * this.#shownSpan);
    } else {
      const other = /** @type {[number, number]} */ ([...this.#drags].find(([id]) => id !== event.pointerId))[1];
      const [distance, now] = [Math.abs(before - other), Math.abs(event.offsetX - other)];
      if (distance > 0 && now > 0) this.#zoom(distance / now, Math.min((other + event.offsetX) / 2 / width, 1));
    }
    this.#drags.set(event.pointerId, event.offsetX);
  }

  /** @param {number | null} x */
  #point(x) {
    this.#pointerX = x;
  }

  /** @param {KeyboardEvent} event */
  #keyPressed(event) {
    const actions = {
      '+': () => this.#zoom(1 / zoomStep, 1),
      '=': () => this.#zoom(1 / zoomStep, 1),
      '-': () => this.#zoom(zoomStep, 1),
      ArrowLeft: () => this.#pan(-this.#shownSpan * panShare),
      ArrowRight: () => this.#pan(this.#shownSpan * panShare),
      End: () => this.#followNewest(),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    action();
  }
}

const fontFamily = 'ui-monospace, "DejaVu Sans Mono", monospace';

/**
 * @typedef {object} View the visible part, and how times and values become pixels
 * @property {number} width
 * @property {number} height
 * @property {number} fontSize CSS pixels
 * @property {number} start Unix milliseconds
 * @property {number} end
 * @property {number} from the first index of the history
 * @property {number} to after the last
 * @property {number} low
 * @property {number} high
 * @property {(time: number) => number} x
 * @property {(value: number) => number} y
 */

/** @param {CanvasRenderingContext2D} paint @param {View} view @param {number} decimals */
function drawGrid(paint, view, decimals) {
  const { fontSize } = view;
  paint.font = `${fontSize}px ${fontFamily}`;
  paint.lineWidth = 1;
  paint.strokeStyle = color('line');
  paint.fillStyle = color('dim');
  paint.textBaseline = 'middle';
  paint.textAlign = 'left';
  const valueStep = roundStep((view.high - view.low) / Math.max(view.height / (5 * fontSize), 2));
  for (let value = Math.ceil(view.low / valueStep) * valueStep; value < view.high; value += valueStep) {
    const y = Math.round(view.y(value)) + 0.5;
    line(paint, 0, y, view.width, y);
    paint.fillText(fixed(value, Math.max(decimals, -Math.floor(Math.log10(valueStep)))), view.width + 0.7 * fontSize, y);
  }
  paint.textBaseline = 'alphabetic';
  paint.textAlign = 'center';
  const timeStep = roundTime((view.end - view.start) / Math.max(view.width / (10 * fontSize), 2));
  const zone = new Date().getTimezoneOffset() * 60_000;
  for (let time = Math.ceil((view.start - zone) / timeStep) * timeStep + zone; time < view.end; time += timeStep) {
    const x = Math.round(view.x(time)) + 0.5;
    line(paint, x, 0, x, view.height);
    if (x > 2.6 * fontSize && x < view.width - 1.8 * fontSize) paint.fillText(clock(time, timeStep < 60_000), x, view.height + 1.45 * fontSize);
  }
}

/** @param {CanvasRenderingContext2D} paint @param {View} view @param {import('./history.js').History} history @param {string} stroke */
function drawLine(paint, view, history, stroke) {
  paint.save();
  paint.beginPath();
  paint.rect(0, 0, view.width, view.height);
  paint.clip();
  const path = new Path2D();
  let x = 0;
  let [column, lastY, highest, lowest] = [-1, 0, 0, 0];
  const finishColumn = () => {
    for (const y of [highest, lowest, lastY]) path.lineTo(x, y);
  };
  // A value holds until the next one comes. Within half a pixel only the range of the values is visible.
  for (let index = view.from; index < view.to; index += 1) {
    const nextX = view.x(history.time(index));
    const y = view.y(history.value(index));
    if (index === view.from) {
      path.moveTo(nextX, y);
    } else if (Math.round(nextX * 2) === column) {
      highest = Math.min(highest, y);
      lowest = Math.max(lowest, y);
      lastY = y;
      continue;
    } else {
      if (highest !== lowest) finishColumn();
      path.lineTo(nextX, lastY);
      path.lineTo(nextX, y);
    }
    x = nextX;
    column = Math.round(x * 2);
    lastY = highest = lowest = y;
  }
  if (highest !== lowest) finishColumn();
  if (view.to === history.length) {
    x = view.width;
    path.lineTo(x, view.y(history.value(history.length - 1)));
  }
  const area = new Path2D(path);
  area.lineTo(x, view.height);
  area.lineTo(Math.max(view.x(history.time(view.from)), 0), view.height);
  area.closePath();
  const fill = paint.createLinearGradient(0, 0, 0, view.height);
  fill.addColorStop(0, `${stroke}40`);
  fill.addColorStop(1, `${stroke}00`);
  paint.fillStyle = fill;
  paint.fill(area);
  paint.strokeStyle = stroke;
  paint.lineWidth = view.fontSize / 6.3;
  paint.lineJoin = 'round';
  paint.stroke(path);
  paint.restore();
}

/** @param {CanvasRenderingContext2D} paint @param {View} view @param {import('./quotes.js').Quote} quote */
function drawLast(paint, view, quote) {
  const y = Math.round(view.y(quote.value)) + 0.5;
  if (y < 0 || y > view.height) return;
  const ink = quote.change < 0 ? color('down') : color('up');
  paint.strokeStyle = ink;
  paint.setLineDash([3, 3]);
  line(paint, 0, y, view.width, y);
  paint.setLineDash([]);
  tag(paint, view, view.width + 2, y, fixed(quote.value, quote.decimals), ink);
}

/** @param {CanvasRenderingContext2D} paint @param {View} view @param {import('./quotes.js').Quote} quote @param {number} pointerX */
function drawCrosshair(paint, view, { history, decimals }, pointerX) {
  const time = view.start + (pointerX / view.width) * (view.end - view.start);
  const index = Math.min(Math.max(history.indexAt(time) - 1, 0), history.length - 1);
  const value = history.value(index);
  const y = view.y(value);
  paint.strokeStyle = color('dim');
  line(paint, pointerX, 0, pointerX, view.height);
  paint.fillStyle = color('text');
  paint.beginPath();
  paint.arc(Math.min(pointerX, view.width), y, 3.5, 0, 2 * Math.PI);
  paint.fill();
  const text = `${fixed(value, decimals)}  ${clock(history.time(index), true)}`;
  const width = paint.measureText(text).width + 1.4 * view.fontSize;
  tag(paint, view, Math.min(Math.max(pointerX - width / 2, 0), view.width - width), 1.2 * view.fontSize, text, color('text'));
}

/** @param {CanvasRenderingContext2D} paint @param {View} view @param {number} x @param {number} y @param {string} text @param {string} ink */
function tag(paint, { fontSize }, x, y, text, ink) {
  paint.font = `${fontSize}px ${fontFamily}`;
  paint.textAlign = 'left';
  paint.textBaseline = 'middle';
  paint.fillStyle = ink;
  paint.beginPath();
  paint.roundRect(x, y - 0.9 * fontSize, paint.measureText(text).width + 1.1 * fontSize, 1.8 * fontSize, 4);
  paint.fill();
  paint.fillStyle = color('panel');
  paint.fillText(text, x + 0.55 * fontSize, y + 0.5);
}

/** @param {CanvasRenderingContext2D} paint @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
function line(paint, x1, y1, x2, y2) {
  paint.beginPath();
  paint.moveTo(x1, y1);
  paint.lineTo(x2, y2);
  paint.stroke();
}

/** 1, 2 or 5 times a power of ten, not below `least`. @param {number} least */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((step) => step * power >= least) ?? 10);
}

const timeSteps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600].map((step) => step * 1000);

/** @param {number} least */
const roundTime = (least) => timeSteps.find((step) => step >= least) ?? 43_200_000;
