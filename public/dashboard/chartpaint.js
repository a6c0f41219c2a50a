// What the chart draws: the grid, the line, the newest value, the one under the pointer.
import { color } from './canvas.js';
import { clipTo } from './chartgaps.js';
import { clock, fixed } from './format.js';

export const fontFamily = 'ui-monospace, "DejaVu Sans Mono", monospace';
/** Left and right of a tag's text, in multiples of its height. */
export const tagPadding = 0.55;

/**
 * @typedef {object} View the visible part, and how times and values become pixels
 * @property {number} step from tick to tick of the values
 * @property {(value: number) => string} tick
 * @property {(numeral: string) => string} words a value with its unit
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

/** @param {CanvasRenderingContext2D} paint @param {View} view @param {number} last the newest value, whose tag covers the tick beside it */
export function drawGrid(paint, view, last) {
  const { fontSize, step } = view;
  paint.font = `${fontSize}px ${fontFamily}`;
  paint.lineWidth = 1;
  paint.strokeStyle = color('line');
  paint.fillStyle = color('dim');
  paint.textBaseline = 'middle';
  paint.textAlign = 'left';
  for (let value = Math.ceil(view.low / step) * step; value < view.high; value += step) {
    const y = Math.round(view.y(value)) + 0.5;
    line(paint, 0, y, view.width, y);
    if (Math.abs(y - view.y(last)) > 1.4 * fontSize) paint.fillText(view.tick(value), view.width + 0.7 * fontSize, y);
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

/** Ticks of more decimals or digits than these are written with an exponent. */
const mostDecimals = 9;
const wholeUpTo = 1e12;

/**
 * How ticks are written: alike, and so that each differs from the next.
 * @param {number} step
 * @param {number} size of the largest
 * @param {number} decimals of the values
 * @returns {(value: number) => string}
 */
export function tickFormat(step, size, decimals) {
  const needed = -Math.floor(Math.log10(step));
  if (needed <= mostDecimals && size < wholeUpTo) return (value) => fixed(value, Math.max(decimals, needed));
  const digits = Math.min(Math.max(Math.ceil(Math.log10(size / step)), 2), 15);
  return (value) => value.toExponential(digits).replaceAll('-', '−');
}

/**
 * @param {CanvasRenderingContext2D} paint
 * @param {View} view
 * @param {import('./quotes.js').Quote} quote
 * @param {string} stroke
 * @param {import('./liveness.js').Gap[]} gaps where there is no line
 */
export function drawLine(paint, view, { history }, stroke, gaps) {
  paint.save();
  clipTo(paint, view, gaps);
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
  if (view.to === history.length) path.lineTo((x = view.width), view.y(history.value(history.length - 1)));
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

/** @param {CanvasRenderingContext2D} paint @param {View} view @param {import('./quotes.js').Quote} quote @param {string} ink @param {boolean} isLive */
export function drawLast(paint, view, { history }, ink, isLive) {
  const newest = history.length - 1;
  const y = Math.round(view.y(history.value(newest))) + 0.5;
  if (y < 0 || y > view.height) return;
  paint.strokeStyle = ink;
  paint.setLineDash([3, 3]);
  if (isLive) line(paint, 0, y, view.width, y);
  paint.setLineDash([]);
  tag(paint, view, view.width + 2, y, `${isLive ? '' : '~'}${view.words(history.numeral(newest))}`, ink, isLive);
}

/** @param {CanvasRenderingContext2D} paint @param {View} view @param {import('./quotes.js').Quote} quote @param {number} pointerX */
export function drawCrosshair(paint, view, { history }, pointerX) {
  const time = view.start + (pointerX / view.width) * (view.end - view.start);
  const index = Math.min(Math.max(history.indexAt(time) - 1, 0), history.length - 1);
  const y = view.y(history.value(index));
  paint.strokeStyle = color('dim');
  line(paint, pointerX, 0, pointerX, view.height);
  paint.fillStyle = color('text');
  paint.beginPath();
  paint.arc(Math.min(pointerX, view.width), y, 3.5, 0, 2 * Math.PI);
  paint.fill();
  const text = `${view.words(history.numeral(index))}  ${clock(history.time(index), true)}`;
  const width = paint.measureText(text).width + 2 * tagPadding * view.fontSize;
  tag(paint, view, Math.min(Math.max(pointerX - width / 2, 0), view.width - width), 1.2 * view.fontSize, text, color('text'));
}

/** Moved to the left where it would not fit. @param {CanvasRenderingContext2D} paint @param {View} view @param {number} left @param {number} y @param {string} text @param {string} ink @param {boolean} [isFilled] */
function tag(paint, { fontSize }, left, y, text, ink, isFilled = true) {
  paint.font = `${fontSize}px ${fontFamily}`;
  paint.textAlign = 'left';
  paint.textBaseline = 'middle';
  paint.fillStyle = ink;
  paint.beginPath();
  const width = paint.measureText(text).width + 2 * tagPadding * fontSize;
  const x = Math.max(Math.min(left, paint.canvas.clientWidth - width), 0);
  paint.roundRect(x, y - 0.9 * fontSize, width, 1.8 * fontSize, 4);
  if (isFilled) paint.fill();
  else paint.stroke();
  paint.fillStyle = isFilled ? color('panel') : ink;
  paint.fillText(text, x + tagPadding * fontSize, y + 0.5);
}

/** @param {CanvasRenderingContext2D} paint @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
function line(paint, x1, y1, x2, y2) {
  paint.beginPath();
  paint.moveTo(x1, y1);
  paint.lineTo(x2, y2);
  paint.stroke();
}

/** 1, 2 or 5 times a power of ten, not below `least`. @param {number} least */
export function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((step) => step * power >= least) ?? 10);
}

const timeSteps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600].map((step) => step * 1000);

/** @param {number} least */
const roundTime = (least) => timeSteps.find((step) => step >= least) ?? 43_200_000;
