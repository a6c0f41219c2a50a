// What the page computes, as people read it: moves, rates, sizes, ages. What came is shown as it came (numeral.js). Formatters are made
// once: making one costs more than a thousand uses.
import { decimalsIn } from './numeral.js';

const byDecimals = new Map();

/** @param {number} value @param {number} decimals */
export function fixed(value, decimals) {
  let format = byDecimals.get(decimals);
  if (!format) {
    format = new Intl.NumberFormat('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    byDecimals.set(decimals, format);
  }
  const text = format.format(value);
  // A number that rounds to zero has no sign.
  return text.startsWith('-') ? (/[1-9]/.test(text) ? `−${text.slice(1)}` : text.slice(1)) : text;
}

/** A number with more decimals than this was computed, not quoted. */
const mostQuoted = 6;

/**
 * How many decimals a move of a value needs: 1.08425 has five. Never fewer than `before`.
 * @param {string} numeral
 * @param {number} before
 */
export function decimalsOf(numeral, before) {
  const exponent = Number(numeral.match(/e(.*)$/i)?.[1] ?? 0);
  const written = Math.max(decimalsIn(numeral) - exponent, 0);
  if (written <= mostQuoted) return Math.max(before, written, written > 0 ? 2 : 0);
  if (before > 0) return before;
  const size = Math.abs(Number(numeral));
  return size >= 1 ? 2 : Math.min(Math.ceil(-Math.log10(size)) + 3, 12);
}

/** @param {number} value @param {number} decimals */
export function signed(value, decimals) {
  const text = fixed(value, decimals);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** A move. One too small for its decimals is one all the same. @param {number} value @param {number} decimals */
export function move(value, decimals) {
  if (value === 0 || Math.abs(value) >= 0.5 / 10 ** decimals) return signed(value, decimals);
  return twoDigits(value);
}

const twoDigits = (/** @type {number} */ value) => (value > 0 ? '+' : '') + value.toPrecision(2).replaceAll('-', '−');

/** From here on the digits do not fit a cell. */
const longNumber = 1e6;

/** A move in a cell. @param {number} value @param {number} decimals */
export function moveInCell(value, decimals) {
  if (Math.abs(value) >= longNumber) return (value > 0 ? '+' : '') + compact(value, 3);
  if (decimals <= mostQuoted) return move(value, decimals);
  return value === 0 ? '0' : twoDigits(value);
}

const units = ['', 'k', 'M', 'G', 'T'];
/** More of the last unit than this is no shorter than an exponent. */
const tooManyUnits = 1e18;

/** 12,345 as 12.3k. @param {number} value @param {number} [decimals] */
export function compact(value, decimals = 1) {
  if (Math.abs(value) >= tooManyUnits) return value.toExponential(2).replaceAll('-', '−');
  let rest = value;
  let unit = 0;
  while (Math.abs(rest) >= 1000 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  const isWhole = unit === 0 || (decimals === 1 && Math.abs(rest) >= 100);
  return `${isWhole ? Math.round(rest) : rest.toFixed(decimals)}${units[unit]}`.replace('-', '−');
}

/** @param {number} byteCount */
export const bytes = (byteCount) => `${compact(byteCount).replace(/([kMGT]?)$/, ' $1')}B`;

/** A duration in the largest unit that fits. @param {number} milliseconds @param {number} [decimals] of few seconds */
export function age(milliseconds, decimals = 1) {
  const seconds = Math.max(milliseconds, 0) / 1000;
  if (seconds < 10 && decimals > 0) return `${seconds.toFixed(decimals)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

/** The time of day. @param {number} time Unix milliseconds @param {boolean} hasSeconds */
export const clock = (time, hasSeconds) => new Date(time).toTimeString().slice(0, hasSeconds ? 8 : 5);

/** @param {number} since Unix milliseconds */
export const staleText = (since) => `stale since ${clock(since, true)}`;

/** @param {number} since Unix milliseconds */
export const lostText = (since) => `not live since ${clock(since, true)}`;

/** Marks what shows a stale value, and says since when. @param {HTMLElement} box @param {number | null | undefined} since Unix milliseconds */
export function markStale(box, since) {
  box.classList.toggle('shows-stale', typeof since === 'number');
  if (typeof since === 'number') box.title = staleText(since);
  else box.removeAttribute('title');
}

/** More of a value's text than this is seen nowhere. */
const longestPlain = 80;

/** Any value in a cell: a text, or its JSON as it came. @param {unknown} data @param {string} text its JSON */
export function plain(data, text) {
  const whole = typeof data === 'string' ? data : text;
  return whole.length > longestPlain ? `${whole.slice(0, longestPlain)}…` : whole;
}
