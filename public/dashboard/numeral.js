// Numerals: numbers as their publishers wrote them. A double holds some 15 digits, so what is shown, compared and subtracted here is
// the text, and exact. Doubles are for drawing.
import { JSONScanner } from '../tidegate/jsonscanner.js';

/** What a double holds to the last digit. */
const mostDigits = 15;
/** A difference over more digits than these is one of doubles: nobody reads it to the last. */
const mostSubtracted = 400;

/**
 * The numerals in a value's JSON: of its members by their names, or of the value itself by the empty name.
 * @param {string} text
 * @returns {Map<string, string>}
 */
export function numeralsOf(text) {
  const numerals = new Map();
  const scanner = new JSONScanner(text);
  const keep = (/** @type {string} */ name, /** @type {string} */ value) => {
    if (/^[-\d]/.test(value)) numerals.set(name, value);
    else numerals.delete(name);
  };
  if (!scanner.isObject) {
    keep('', scanner.value());
    return numerals;
  }
  scanner.enter();
  while (scanner.nextMember()) keep(scanner.name, scanner.value());
  return numerals;
}

/**
 * The numeral of one member, or of the value itself by the empty name; empty if there is none.
 * @param {string} text
 * @param {string} name
 */
export function numeralOf(text, name) {
  const scanner = new JSONScanner(text);
  if (name === '') return scanner.value();
  if (!scanner.isObject) return '';
  scanner.enter();
  while (scanner.nextMember()) {
    if (scanner.name === name) return scanner.value();
    scanner.skip();
  }
  return '';
}

const [zero, nine, minus, point] = [0x30, 0x39, 0x2d, 0x2e];

/** The digits behind the point of `numeral` as it stands. @param {string} numeral */
export function decimalsIn(numeral) {
  const start = numeral.indexOf('.') + 1;
  if (start === 0) return 0;
  let end = start;
  while (numeral.charCodeAt(end) >= zero && numeral.charCodeAt(end) <= nine) end += 1;
  return end - start;
}

/** Whether a double, written with as many decimals, is the numeral again. @param {string} numeral */
export function isPlain(numeral) {
  if (numeral.length > mostDigits + 2) return false;
  let [digits, isZero] = [0, true];
  for (let at = 0; at < numeral.length; at += 1) {
    const code = numeral.charCodeAt(at);
    if (code >= zero && code <= nine) {
      digits += 1;
      if (code !== zero) isZero = false;
    } else if (code !== point && (code !== minus || at > 0)) {
      return false;
    }
  }
  return digits <= mostDigits && !(isZero && numeral.charCodeAt(0) === minus);
}

/** Below 0 if `one` is less than `other`, above if it is more. @param {string} one @param {string} other */
export function compareNumerals(one, other) {
  const difference = Number(one) - Number(other);
  // Rounding to doubles keeps the order, or makes what differs equal. Infinite ones have no difference.
  if (difference < 0 || difference > 0) return difference;
  const [left, right] = [parsed(one), parsed(other)];
  return left.sign - right.sign || left.sign * (left.power - right.power || (left.digits < right.digits ? -1 : left.digits > right.digits ? 1 : 0)) || 0;
}

/** The double next to `one` less `other`. @param {string} one @param {string} other */
export function difference(one, other) {
  if (isPlain(one) && isPlain(other)) return Number(one) - Number(other);
  const [left, right] = [parsed(one), parsed(other)];
  const lowest = Math.min(left.power - left.digits.length, right.power - right.digits.length);
  const most = Math.max(left.power, right.power) - lowest;
  if (!(most <= mostSubtracted)) return Number(one) - Number(other);
  const whole = (/** @type {ReturnType<typeof parsed>} */ { sign, digits, power }) => BigInt(sign) * BigInt(digits.padEnd(power - lowest, '0') || '0');
  return Number(`${whole(left) - whole(right)}e${lowest}`);
}

/**
 * The numeral as sign × 0.digits × 10^power, with no zero at either end of the digits.
 * @param {string} numeral
 */
function parsed(numeral) {
  const [, minus, whole, decimals = '', exponent = '0'] = /** @type {RegExpMatchArray} */ (numeral.match(/^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/));
  const all = (whole + decimals).replace(/0+$/, '');
  const digits = all.replace(/^0+/, '');
  if (digits === '') return { sign: 0, digits, power: 0 };
  return { sign: minus ? -1 : 1, digits, power: whole.length + Number(exponent) - (all.length - digits.length) };
}

/** More characters than these are cut, or written with an exponent; more zeros behind the point are not counted by eye. */
const mostShown = 24;
const mostZeros = 5;
/** Of whole numbers with more digits the size is seen by the exponent. */
const mostWhole = 17;
/** The digits before an exponent that has no room for all. */
const cutMantissa = 7;

/**
 * A numeral in a cell: as it came, unless its size could not be seen so. Digits that are left out show as `…`.
 * @param {string} numeral
 */
export function shortened(numeral) {
  const isLong = numeral.length > mostShown;
  if (!isLong && !/^-?0\.0{6}/.test(numeral)) return numeral;
  const parts = numeral.match(/^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/);
  if (!parts) return numeral;
  const [, minus, whole, decimals = '', exponent = '0'] = parts;
  const zeros = /^0*/.exec(decimals)?.[0].length ?? 0;
  if (whole === '0' && zeros > mostZeros && zeros < decimals.length) return withExponent(minus, decimals.slice(zeros), Number(exponent) - zeros - 1);
  if (!isLong) return numeral;
  if (whole.length > mostWhole || exponent !== '0') return withExponent(minus, (whole + decimals).replace(/^0+(?=.)/, ''), Number(exponent) + whole.length - 1);
  return `${numeral.slice(0, mostShown - 1)}…`;
}

/** @param {string} minus @param {string} digits the first one is no zero @param {number} power of the first */
function withExponent(minus, digits, power) {
  const written = (/** @type {string} */ mantissa, /** @type {string} */ mark) => `${minus}${mantissa[0]}${mantissa.length > 1 ? '.' : ''}${mantissa.slice(1)}${mark}e${power}`;
  const whole = written(digits, '');
  if (whole.length <= mostShown) return whole;
  const rest = digits.replace(/0+$/, '');
  return rest.length <= cutMantissa ? written(rest, '') : written(digits.slice(0, cutMantissa), '…');
}
