// The gaps of the chart: times for which nobody vouches. A line there would claim that the value held.
import { color } from './canvas.js';

/** Pixels from one stroke of the hatching to the next. */
const hatchStep = 9;
/** A gap narrower than so many of the text's heights has no words in it. */
const wordsWidth = 6;

/** @typedef {import('./liveness.js').Gap} Gap */
/** @typedef {import('./chartpaint.js').View} View */

/**
 * A gap ends with the first value behind its beginning: from there on something is known. In order, and none within another.
 * @param {Gap[]} gaps
 * @param {import('./history.js').History} history
 * @returns {Gap[]}
 */
export function knownGaps(gaps, history) {
  const known = [];
  for (const { from, to } of [...gaps].sort((one, other) => one.from - other.from)) {
    const next = history.indexAt(from + 1);
    const gap = { from, to: next < history.length ? Math.min(to, history.time(next)) : to };
    const before = known.at(-1);
    if (before && gap.from <= before.to) before.to = Math.max(before.to, gap.to);
    else if (gap.to > gap.from) known.push(gap);
  }
  return known;
}

/** The left and right edge of a gap within the view. @param {View} view @param {Gap} gap */
const edges = ({ x, width }, { from, to }) => [Math.max(x(from), 0), to === Infinity ? width : Math.min(x(to), width)];

/** What is drawn from now on is drawn beside the gaps. @param {CanvasRenderingContext2D} paint @param {View} view @param {Gap[]} gaps */
export function clipTo(paint, view, gaps) {
  paint.beginPath();
  let left = 0;
  for (const gap of gaps) {
    const [from, to] = edges(view, gap);
    if (to <= from) continue;
    paint.rect(left, 0, Math.max(from - left, 0), view.height);
    // Not the stroke that leads up or down to what comes next.
    left = to + view.fontSize / 6;
  }
  paint.rect(left, 0, Math.max(view.width - left, 0), view.height);
  paint.clip();
}

/** Hatched, and named where there is room. @param {CanvasRenderingContext2D} paint @param {View} view @param {Gap[]} gaps */
export function drawGaps(paint, view, gaps) {
  for (const gap of gaps) {
    const [left, right] = edges(view, gap);
    if (right - left < 1) continue;
    paint.save();
    paint.beginPath();
    paint.rect(left, 0, right - left, view.height);
    paint.clip();
    paint.strokeStyle = color('dim');
    paint.lineWidth = 1;
    paint.globalAlpha = 0.45;
    paint.beginPath();
    const first = Math.floor((left - view.height) / hatchStep) * hatchStep;
    for (let x = first; x < right; x += hatchStep) {
      paint.moveTo(x, view.height);
      paint.lineTo(x + view.height, 0);
    }
    paint.moveTo(left + 0.5, 0);
    paint.lineTo(left + 0.5, view.height);
    paint.stroke();
    paint.globalAlpha = 1;
    if (right - left > wordsWidth * view.fontSize) nameGap(paint, view, (left + right) / 2, gap.to === Infinity ? 'not live' : 'no data');
    paint.restore();
  }
}

/** @param {CanvasRenderingContext2D} paint @param {View} view @param {number} x @param {string} text */
function nameGap(paint, { height, fontSize }, x, text) {
  paint.textAlign = 'center';
  paint.textBaseline = 'middle';
  const width = paint.measureText(text).width + fontSize;
  paint.fillStyle = color('panel');
  paint.fillRect(x - width / 2, height / 2 - fontSize, width, 2 * fontSize);
  paint.fillStyle = color('text');
  paint.fillText(text, x, height / 2);
}
