// What a number measures: a price, or a metric whose unit stands at the end of its member's name (`usedBytes`, `p99Milliseconds`).
import { compact, fixed } from './format.js';
import { shortened } from './numeral.js';

/** The members that are prices, in order; the empty name is the value itself. */
export const priceNames = ['last', 'price', 'bid', 'ask'];

/**
 * @typedef {readonly [number, string]} Scale from which size on, and the unit's name there
 * @typedef {object} Unit
 * @property {number} factor of the number that came
 * @property {readonly Scale[]} scales the smallest first, of one unit
 *
 * @typedef {object} Measure
 * @property {string} name the member's
 * @property {boolean} isPrice red and green are for prices only
 * @property {(numeral: string) => string} text a number with its unit; a price as it came
 * @property {((step: number, size: number) => (value: number) => string) | null} ticks of an axis; null: as numbers
 */

const second = /** @type {const} */ ([[1e-9, 'ns'], [1e-6, 'µs'], [1e-3, 'ms'], [1, 's'], [60, 'min'], [3600, 'h'], [86_400, 'd']]);
/** Two of them are said in the smaller unit. */
const longUnits = 60;
const thousands = (/** @type {string} */ unit) => ['', 'k', 'M', 'G', 'T', 'P'].map((prefix, place) => /** @type {Scale} */ ([1000 ** place, `${prefix}${unit}`]));

/** By the ends of names, the longest first. @type {[RegExp, Unit][]} */
const units = [
  [/bytesPerSecond$/i, { factor: 1, scales: thousands('B/s') }],
  [/bitsPerSecond$/i, { factor: 1, scales: thousands('bit/s') }],
  [/perSecond$/i, { factor: 1, scales: thousands('/s') }],
  [/bytes$/i, { factor: 1, scales: thousands('B') }],
  [/percent$/i, { factor: 1, scales: [[1, '%']] }],
  [/nanoseconds$/i, { factor: 1e-9, scales: second }],
  [/microseconds$/i, { factor: 1e-6, scales: second }],
  [/milliseconds$/i, { factor: 1e-3, scales: second }],
  [/seconds$/i, { factor: 1, scales: second }],
  [/celsius$/i, { factor: 1, scales: [[1, '°C']] }],
  [/watts$/i, { factor: 1, scales: thousands('W') }],
  [/hertz$/i, { factor: 1, scales: thousands('Hz') }],
];

/** @type {Map<string, Measure>} */
const known = new Map();
/** Names come from outside: so many are remembered. */
const mostKnown = 1000;

/** @param {string} name of a member; empty: of the value itself @param {boolean} isPrice @returns {Measure} */
export function measureOf(name, isPrice) {
  const key = `${isPrice} ${name}`;
  let measure = known.get(key);
  if (!measure) {
    measure = makeMeasure(name, isPrice);
    if (known.size >= mostKnown) known.clear();
    known.set(key, measure);
  }
  return measure;
}

/** @param {string} name @param {boolean} isPrice @returns {Measure} */
function makeMeasure(name, isPrice) {
  const unit = isPrice ? undefined : units.find(([ending]) => ending.test(name))?.[1];
  if (!unit) return { name, isPrice, text: shortened, ticks: null };
  return {
    name,
    isPrice,
    text: (numeral) => textOf(Number(numeral), unit) ?? shortened(numeral),
    ticks: (step, size) => ticksOf(step * unit.factor, size * unit.factor, unit),
  };
}

/** @param {number} size @param {Unit} unit @returns {Scale} */
function scaleFor(size, { scales }) {
  return scales.findLast(([from]) => size >= (from >= longUnits && scales === second ? 2 * from : from)) ?? scales[0];
}

/** @param {number} number @param {Unit} unit @returns {string | null} null where a double cannot say it */
function textOf(number, unit) {
  const value = number * unit.factor;
  if (!Number.isFinite(value)) return null;
  const scale = value === 0 ? (unit.scales.find(([from]) => from === unit.factor) ?? unit.scales[0]) : scaleFor(Math.abs(value), unit);
  const scaled = value / scale[0];
  const isCount = scale[0] === unit.factor && Number.isInteger(number) && Math.abs(number) < 1000;
  return joined(isCount ? fixed(number, 0) : threeDigits(scaled), scale[1]);
}

/** A unit that begins with a stroke stands close: 93 k/s, 12/s. @param {string} text @param {string} unit */
const joined = (text, unit) => `${text}${unit.startsWith('/') ? '' : '\u00a0'}${unit}`;

/** 100, 87.6, 5.43, 0.031, 1.23e-9. @param {number} value */
function threeDigits(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return value.toExponential(2).replace('+', '');
  if (size >= 99.95 || value === 0) return fixed(value, 0);
  if (size >= 9.995) return fixed(value, 1);
  if (size >= 0.001) return fixed(value, size >= 0.9995 ? 2 : 3);
  return value.toExponential(2).replace('-', value < 0 ? '−' : '-');
}

/** Alike, and so that each differs from the next. @param {number} step @param {number} size of the largest @param {Unit} unit */
function ticksOf(step, size, unit) {
  const [factor, name] = scaleFor(size, unit);
  const decimals = Math.min(Math.max(-Math.floor(Math.log10(step / factor) + 1e-9), 0), 12);
  const isTiny = decimals > 6;
  return (/** @type {number} */ value) => {
    const scaled = (value * unit.factor) / factor;
    return joined(isTiny ? compact(scaled, 3) : fixed(scaled, decimals), name);
  };
}
