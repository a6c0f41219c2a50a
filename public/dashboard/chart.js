// The chart of the selected topic: a line over time that follows, zooms and pans.
import { color, fit } from './canvas.js';
import { shortened } from './numeral.js';
import { drawGaps, knownGaps } from './chartgaps.js';
import { drawCrosshair, drawGrid, drawLast, drawLine, fontFamily, roundStep, tagPadding, tickFormat } from './chartpaint.js';

/** @typedef {import('./chartpaint.js').View} View */
/** @typedef {import('./liveness.js').Gap} Gap */

const shortestSpan = 2000;
/** A following chart with less data than its span shows only that data, but never less time than this. */
const shortestGrowth = 15_000;
const longestSpan = 24 * 3600 * 1000;
/** One notch of a wheel, one press of a key. */
const zoomStep = 1.2;
/** A gap at the newest end takes this share of the width at most. */
const gapShare = 0.25;
const panShare = 0.1;
/** Room for the prices and the times, in multiples of the text's height: the drawing grows with the page's text. */
const rightMargin = 6;
const bottomMargin = 2;
/** Long prices take this share of the width at most. */
const mostMargin = 0.4;
/** Values nearer to each other than this share of their size are the same to a chart: doubles end soon below. */
const leastRange = 1e-12;
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
  /** The longest price's width in multiples of that. It does not shrink, lest the drawing move with each value. */
  #priceWidth = 0;
  #pointerX = /** @type {number | null} */ (null);
  #isLive = true;
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
    this.#priceWidth = 0;
    this.#followNewest();
  }

  /**
   * @param {import('./quotes.js').Quote | undefined} quote
   * @param {object} times by the gateway's clock, Unix milliseconds
   * @param {number} times.serverNow
   * @param {number | null} times.lostAt since when nothing is live
   * @param {Gap[]} times.gaps earlier times for which nobody vouches
   * @param {string} note the text to show while there is nothing to draw
   */
  draw(quote, { serverNow, lostAt, gaps }, note) {
    if (fit(this.#canvas)) this.#fontSize = parseFloat(getComputedStyle(this.#canvas).fontSize);
    const paint = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext('2d'));
    const ratio = devicePixelRatio || 1;
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.#showLiveness(lostAt === null);
    const isDrawable = quote !== undefined && quote.history.length > 1;
    this.#empty.hidden = isDrawable;
    if (!isDrawable) {
      if (this.#empty.textContent !== note) this.#empty.textContent = note;
      return;
    }
    paint.font = `${this.#fontSize}px ${fontFamily}`;
    // What is not live leaves a gap, which grows to a part of the width: what was there before stays in view.
    const newest = lostAt === null ? serverNow : Math.min(serverNow, lostAt + this.#gapRoom(lostAt - quote.history.time(0)));
    const view = this.#view(paint, quote, newest);
    const open = [lostAt, quote.staleSince].filter((from) => from !== null).map((from) => ({ from, to: Infinity }));
    const known = knownGaps([...gaps, ...quote.gaps, ...open], quote.history);
    drawGrid(paint, view, quote.history.value(quote.history.length - 1));
    drawGaps(paint, view, known);
    const isLive = open.length === 0;
    const ink = color(!isLive ? 'dim' : !quote.measure?.isPrice ? 'metric' : quote.change < 0 ? 'down' : 'up');
    drawLine(paint, view, quote, ink, known);
    drawLast(paint, view, quote, ink, isLive);
    if (this.#pointerX !== null) drawCrosshair(paint, view, quote, this.#pointerX);
  }

  /** @param {CanvasRenderingContext2D} paint @param {import('./quotes.js').Quote} quote @param {number} serverNow @returns {View} */
  #view(paint, { history, decimals, measure }, serverNow) {
    const fontSize = this.#fontSize;
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
    const [range, least] = [high - low, leastRange * Math.max(Math.abs(low), Math.abs(high))];
    const air = range > least ? range * 0.12 : Math.abs(high) * 0.001 || 1;
    low -= air;
    high += air;
    const step = roundStep((high - low) / Math.max(height / (5 * fontSize), 2));
    const size = Math.max(Math.abs(low), Math.abs(high));
    const tick = measure?.ticks?.(step, size) ?? tickFormat(step, size, decimals);
    const words = measure?.text ?? shortened;
    for (const text of [words(history.numeral(history.length - 1)), tick(low), tick(high)]) {
      this.#priceWidth = Math.max(this.#priceWidth, paint.measureText(text).width / fontSize);
    }
    const width = this.#width;
    return {
      step, tick, words, width, height, fontSize, start, end, from, to, low, high,
      x: (/** @type {number} */ time) => ((time - start) / (end - start)) * width,
      y: (/** @type {number} */ value) => height - ((value - low) / (high - low)) * height,
    };
  }

  /** How long a gap may become at the newest end. @param {number} known how long there were values before it, milliseconds */
  #gapRoom(known) {
    return (Math.max(Math.min(this.#span, known), shortestGrowth) * gapShare) / (1 - gapShare);
  }

  /** The width of the drawing, without the prices at its right. */
  get #width() {
    const margin = Math.max(rightMargin, this.#priceWidth + 2 * tagPadding) * this.#fontSize;
    return this.#canvas.clientWidth - Math.min(margin, mostMargin * this.#canvas.clientWidth);
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

  /** What follows the newest follows nothing while nothing comes. @param {boolean} isLive */
  #showLiveness(isLive) {
    if (this.#isLive === isLive) return;
    this.#isLive = isLive;
    this.#follow.textContent = isLive ? '● Follow' : '○ Not live';
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
