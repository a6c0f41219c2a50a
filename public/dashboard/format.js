// Numbers as people read them. Formatters are made once: making one costs more than a thousand uses.
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
 * How many decimals show a value as it was quoted: 1.08425 has five. Never fewer than `before`.
 * @param {number} value
 * @param {number} before
 */
export function decimalsOf(value, before) {
  const power = 10 ** before;
  if (Number.isInteger(value) || Math.round(value * power) / power === value) return before;
  const [digits, exponent] = String(value).split('e');
  const written = (digits.split('.')[1]?.length ?? 0) - Number(exponent ?? 0);
  if (written <= mostQuoted) return Math.max(before, written, 2);
  if (before > 0) return before;
  const size = Math.abs(value);
  return size >= 1 ? 2 : Math.min(Math.ceil(-Math.log10(size)) + 3, 12);
}

/** @param {number} value @param {number} decimals */
export function signed(value, decimals) {
  const text = fixed(value, decimals);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** From here on the digits do not fit a cell. */
const longNumber = 1e6;

/** A number in a cell: whole as long as it fits, and never cut. @param {number} value @param {number} decimals */
export const inCell = (value, decimals) => (Math.abs(value) < longNumber ? fixed(value, decimals) : compact(value, 3));

/** A move in a cell. @param {number} value @param {number} decimals */
export function signedInCell(value, decimals) {
  const sign = value > 0 ? '+' : '';
  if (Math.abs(value) >= longNumber) return sign + compact(value, 3);
  if (decimals <= mostQuoted) return signed(value, decimals);
  return value === 0 ? '0' : sign + value.toPrecision(2).replaceAll('-', '−');
}

const units = ['', 'k', 'M', 'G', 'T'];

/** 12,345 as 12.3k. @param {number} value @param {number} [decimals] */
export function compact(value, decimals = 1) {
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

/** A duration in the largest unit that fits. @param {number} milliseconds */
export function age(milliseconds) {
  const seconds = Math.max(milliseconds, 0) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

/** The time of day. @param {number} time Unix milliseconds @param {boolean} hasSeconds */
export const clock = (time, hasSeconds) => new Date(time).toTimeString().slice(0, hasSeconds ? 8 : 5);

/** Any JSON value in a cell. @param {unknown} value */
export const plain = (value) => (typeof value === 'string' ? value : JSON.stringify(value) ?? '–').slice(0, 80);
