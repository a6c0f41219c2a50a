// Numbers as people read them. Formatters are made once: making one costs more than a thousand uses.
const byDecimals = new Map();

/** @param {number} value @param {number} decimals */
export function fixed(value, decimals) {
  let format = byDecimals.get(decimals);
  if (!format) {
    format = new Intl.NumberFormat('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    byDecimals.set(decimals, format);
  }
  return format.format(value);
}

/** As many decimals as a value of its size is quoted with. @param {number} value */
export function decimalsOf(value) {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size >= 1) return 0;
  return size > 0 && size < 1 ? 4 : 2;
}

/** @param {number} value @param {number} decimals */
export const signed = (value, decimals) => (value > 0 ? '+' : '') + fixed(value, decimals).replace('-', '−');

const units = ['', 'k', 'M', 'G', 'T'];

/** 12,345 as 12.3k. @param {number} value */
export function compact(value) {
  let rest = value;
  let unit = 0;
  while (Math.abs(rest) >= 1000 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${unit === 0 || Math.abs(rest) >= 100 ? Math.round(rest) : rest.toFixed(1)}${units[unit]}`;
}

/** @param {number} byteCount */
export const bytes = (byteCount) => `${compact(byteCount).replace(/([kMGT]?)$/, ' $1')}B`;

/** Time since, in the largest unit that says it. @param {number} milliseconds */
export function age(milliseconds) {
  const seconds = Math.max(milliseconds, 0) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

/** Any JSON value in a cell. @param {unknown} value */
export const plain = (value) => (typeof value === 'string' ? value : JSON.stringify(value) ?? '–').slice(0, 80);
