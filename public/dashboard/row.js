// One row of the table: its cells, and what was last written into them.
import { decimalsIn, shortened } from './numeral.js';

/** How long a cell shows its flash before CSS fades it. */
const flashMilliseconds = 180;
/** Spaces as wide as a point and a digit (Unicode, U+2008 and U+2007). */
const [pointSpace, digitSpace] = ['\u2008', '\u2007'];

/** @typedef {import('./quotes.js').Quote} Quote */
/** @typedef {ReturnType<typeof makeRow>} Row */

let rowCount = 0;

/** @param {string[]} columns their names */
export function makeRow(columns) {
  const box = document.createElement('div');
  box.className = 'row';
  box.setAttribute('role', 'row');
  rowCount += 1;
  box.id = `row-${rowCount}`;
  /** @type {Record<string, HTMLElement>} */
  const cells = {};
  for (const name of columns) {
    const cell = document.createElement('div');
    cell.className = `cell ${name}`;
    cell.setAttribute('role', 'gridcell');
    box.append(cell);
    cells[name] = cell;
  }
  const names = ['family', 'path', 'name'].map((part) => {
    const span = document.createElement('span');
    span.className = part;
    cells.topic.append(span);
    return span;
  });
  const spark = document.createElement('canvas');
  spark.setAttribute('aria-hidden', 'true');
  cells.trend.append(spark);
  return {
    box, cells, names, spark, topic: '', version: -1, index: -1, isUsed: false, isSelected: false, isText: false, isSimulated: false,
    isMetric: false, staleSince: /** @type {number | null} */ (null),
    history: /** @type {any} */ (null), texts: /** @type {Record<string, string>} */ ({}), pads: { last: '', bid: '', ask: '' },
    flashes: { last: 0, bid: 0, ask: 0 },
  };
}

/** The first segment shows where a topic belongs, the last what it is; the middle is cut first. @param {Row} row @param {Quote} quote */
export function nameRow(row, { topic, isSimulated }) {
  row.box.dataset.topic = topic;
  const [, ...parts] = /** @type {RegExpMatchArray} */ (topic.match(/^([^/]*\/)?(.*\/)?([^/]*)$/));
  row.cells.topic.title = topic;
  row.cells.topic.ariaLabel = isSimulated ? `${topic}, simulated` : topic;
  for (const [place, part] of parts.entries()) row.names[place].textContent = part ?? '';
}

/** @param {Row} row @param {string} name @param {string} text */
export function write(row, name, text) {
  if (row.texts[name] === text) return;
  row.texts[name] = text;
  row.cells[name].textContent = text;
}

/** A text, or a value's JSON, in place of all numerals. @param {Row} row @param {string} text */
export function writePlain(row, text) {
  write(row, 'last', text);
  pad(row, 'last', '');
}

/**
 * A numeral as it came. Space behind it, which is no part of the text, keeps its point below that of the value before.
 * @param {Row} row
 * @param {'last' | 'bid' | 'ask'} name
 * @param {string} numeral
 * @param {number} decimals
 */
export function writeNumeral(row, name, numeral, decimals) {
  write(row, name, shortened(numeral));
  const missing = numeral === '' || /e/i.test(numeral) ? 0 : decimals - decimalsIn(numeral);
  pad(row, name, missing > 0 ? (numeral.includes('.') ? '' : pointSpace) + digitSpace.repeat(missing) : '');
}

/** @param {Row} row @param {'last' | 'bid' | 'ask'} name @param {string} space */
function pad(row, name, space) {
  if (row.pads[name] === space) return;
  row.pads[name] = space;
  row.cells[name].dataset.pad = space;
}

/** How many digits wide a cell's numeral is. @param {Row} row @param {'last' | 'bid' | 'ask'} name */
export const digitsOf = (row, name) => (row.texts[name] ?? '').length + row.pads[name].length;

/** A metric with its unit, and what it measures. @param {Row} row @param {import('./measure.js').Measure} measure @param {string} numeral */
export function writeMetric(row, measure, numeral) {
  write(row, 'last', measure.text(numeral));
  write(row, 'measure', measure.name);
  pad(row, 'last', '');
}

/** Marks the cells that moved; returns how many flashes began. @param {Row} row @param {Quote} quote @param {number} now */
export function flash(row, quote, now) {
  const isFresh = now - quote.movedAt < flashMilliseconds;
  return mark(row, 'last', isFresh ? quote.direction : 0, quote.measure?.isPrice !== false) + mark(row, 'bid', isFresh ? quote.directionOf('bid') : 0) + mark(row, 'ask', isFresh ? quote.directionOf('ask') : 0);
}

/** @param {Row} row @param {'last' | 'bid' | 'ask'} name @param {number} direction @param {boolean} [isPrice] @returns {number} 1 where a flash began */
function mark(row, name, direction, isPrice = true) {
  if (row.flashes[name] === direction) return 0;
  row.flashes[name] = direction;
  row.cells[name].dataset.flash = direction === 0 ? '' : !isPrice ? 'moved' : direction > 0 ? 'up' : 'down';
  return direction === 0 ? 0 : 1;
}
