// The table of quotes. Only rows in view exist; a frame writes only the cells whose text changed.
import { color, drawSparkline } from './canvas.js';
import { age, compact, decimalsOf, fixed, markStale, moveInCell, plain, signed } from './format.js';
import { compareNumerals } from './numeral.js';
import { digitsOf, flash, makeRow, nameRow, write, writeMetric, writeNumeral, writePlain } from './row.js';

const sparklinePoints = 60;
/** Rows kept ready beyond each edge, for scrolling. */
const spareRows = 3;
/** A table sorted by a moving value is sorted again once a second: nobody can read jumping rows. */
const sortMilliseconds = 1000;
/** Ages are shown to a tenth of a second. */
const ageMilliseconds = 100;
/** The cells that show numerals. */
const numeralCells = /** @type {const} */ (['last', 'bid', 'ask']);
/** More digits than these are cut, and shown whole under the pointer and beside the chart. */
const mostDigits = 24;
/** Flashes fade only while fewer cells than this flash in a second: each fading cell costs a paint a frame. */
const calmFlashes = 150;

/** The columns that are there only if a topic has what they show. A price column may hold what a metric measures. */
const optional = /** @type {const} */ ([['change', 'price'], ['percent', 'price'], ['bid', 'bid'], ['ask', 'ask'], ['volume', 'volume']]);
/** Longer names do not widen their column. */
const longestName = 28;

/** @typedef {import('./quotes.js').Quote} Quote */
/** @typedef {import('./row.js').Row} Row */

/** What rows are sorted by; strings are numerals, except the topic. */
const columns = [
  { name: 'topic', title: 'Topic', key: (/** @type {Quote} */ quote) => quote.topic },
  { name: 'trend', title: 'Trend', key: null },
  { name: 'last', title: 'Last', key: (quote) => quote.numeral },
  { name: 'measure', title: 'Measures', key: (quote) => (quote.measure?.isPrice === false ? quote.measure.name : '') },
  { name: 'change', title: 'Change', key: (quote) => quote.change },
  { name: 'percent', title: '%', key: (quote) => quote.changePercent },
  { name: 'bid', title: 'Bid', key: (quote) => quote.numerals.get('bid') },
  { name: 'ask', title: 'Ask', key: (quote) => quote.numerals.get('ask') },
  { name: 'volume', title: 'Volume', key: (quote) => quote.numerals.get('volume') },
  { name: 'age', title: 'Age', key: (quote) => -quote.moment },
  { name: 'conflated', title: 'Conflated', key: (quote, conflated) => conflated(quote.topic) },
];

export class QuoteTable {
  #quotes;
  #conflated;
  #onSelect;
  #box = element('table');
  #rowsBox = element('rows');
  #count = element('table-count');
  #empty = element('table-empty');
  /** @type {Row[]} */
  #rows = [];
  /** @type {string[]} */
  #order = [];
  #orderedGeneration = -1;
  #orderedAt = 0;
  #sort = { column: columns[0], isDescending: false };
  #selected = '';
  #activeID = '';
  #rowHeight = 32;
  #agedAt = 0;
  #flashes = 0;
  #flashesSince = 0;
  /** @type {Record<string, string>} */
  #digits = {};

  /**
   * @param {import('./quotes.js').Quotes} quotes
   * @param {(topic: string) => number} conflated
   * @param {(topic: string) => void} onSelect
   */
  constructor(quotes, conflated, onSelect) {
    this.#quotes = quotes;
    this.#conflated = conflated;
    this.#onSelect = onSelect;
    this.#makeHead();
    this.#box.addEventListener('keydown', (event) => this.#keyPressed(event));
    this.#rowsBox.addEventListener('pointerover', ({ target }) => this.#revealWhole(/** @type {HTMLElement} */ (target)));
    new ResizeObserver(() => this.#measure()).observe(this.#box);
    this.#box.setAttribute('aria-colcount', String(columns.length));
  }

  /** @param {string} topic */
  select(topic) {
    this.#selected = topic;
  }

  /** The topic in view with the largest volume, else the first one: it is likely to move. */
  get busiestTopic() {
    const volume = (/** @type {string} */ topic) => Number(this.#quotes.get(topic)?.numerals.get('volume') ?? 0);
    const inView = this.#order.slice(0, Math.max(this.#visibleCount() - 2 * spareRows - 2, 1));
    return inView.reduce((busiest, topic) => (volume(topic) > volume(busiest) ? topic : busiest), inView[0] ?? '');
  }

  /** Draws everything again, for instance after a change of colours or sizes. */
  repaint() {
    for (const row of this.#rows) row.version = -1;
  }

  /** @param {number} now on the page's clock @param {number} serverNow Unix milliseconds */
  draw(now, serverNow) {
    this.#arrange(now);
    const from = Math.max(Math.floor(this.#box.scrollTop / this.#rowHeight) - spareRows, 0);
    const to = Math.min(from + this.#visibleCount(), this.#order.length);
    while (this.#rows.length < to - from) {
      const row = makeRow(columns.map(({ name }) => name));
      row.box.addEventListener('click', () => this.#choose(row.topic));
      this.#rows.push(row);
      this.#rowsBox.append(row.box);
    }
    const size = this.#rows.length;
    const isAgeDue = now - this.#agedAt >= ageMilliseconds;
    if (isAgeDue) this.#agedAt = now;
    for (const row of this.#rows) row.isUsed = false;
    // A topic's row is its index modulo the number of rows, so scrolling moves few rows and rewrites none of the others.
    for (let index = from; index < to; index += 1) this.#drawRow(this.#rows[index % size], index, now, isAgeDue ? serverNow : null);
    for (const row of this.#rows) if (!row.isUsed && !row.box.hidden) row.box.hidden = true;
    if (isAgeDue) this.#makeRoom();
    this.#pointOutSelected();
    this.#watchFlashes(now);
  }

  /** Columns that nobody has are not there: the names get their room. */
  #chooseColumns() {
    for (const [name, trait] of optional) this.#box.classList.toggle(`without-${name}`, !this.#quotes.has(trait));
    this.#box.classList.toggle('without-measure', !this.#quotes.has('metric') || this.#quotes.has('price'));
  }

  /** Columns of numerals are as wide as the longest in view needs, and so is that of the names. */
  #makeRoom() {
    const longest = this.#rows.reduce((most, row) => Math.max(most, row.isUsed ? row.topic.length : 0), 0);
    this.#setRoom('name', Math.min(longest, longestName));
    for (const name of numeralCells) {
      const longest = this.#rows.reduce((most, row) => Math.max(most, row.isUsed && !row.isText ? digitsOf(row, name) : 0), 0);
      this.#setRoom(name, Math.min(longest, mostDigits));
    }
  }

  /** @param {string} name @param {number} count of characters */
  #setRoom(name, count) {
    const digits = String(count);
    if (this.#digits[name] === digits) return;
    this.#digits[name] = digits;
    this.#box.style.setProperty(`--${name}-digits`, digits);
  }

  /** What is cut or shortened is shown whole under the pointer. @param {HTMLElement} cell */
  #revealWhole(cell) {
    const quote = this.#quotes.get(cell.parentElement?.dataset.topic ?? '');
    const [name] = [...numeralCells, 'volume'].filter((known) => cell.classList.contains(known));
    if (quote && cell.classList.contains('measure')) cell.title = quote.measure?.name ?? '';
    if (quote && name) cell.title = (name === 'last' ? quote.numeral || quote.text : quote.numerals.get(name)) ?? '';
  }

  /** Rows are reused for other topics, so another row, or none, may now show the selected topic. */
  #pointOutSelected() {
    const id = this.#rows.find((row) => row.isUsed && row.isSelected)?.box.id ?? '';
    if (id === this.#activeID) return;
    this.#activeID = id;
    if (id) this.#box.setAttribute('aria-activedescendant', id);
    else this.#box.removeAttribute('aria-activedescendant');
  }

  /** Once a second: whether flashes may fade. @param {number} now */
  #watchFlashes(now) {
    if (now - this.#flashesSince < 1000) return;
    this.#box.classList.toggle('is-calm', this.#flashes < calmFlashes);
    this.#flashes = 0;
    this.#flashesSince = now;
  }

  #visibleCount() {
    return Math.ceil(this.#box.clientHeight / this.#rowHeight) + 2 * spareRows;
  }

  #measure() {
    const height = parseFloat(getComputedStyle(this.#box).getPropertyValue('--row-height-rem')) || 2.25;
    this.#rowHeight = Math.round(height * parseFloat(getComputedStyle(document.documentElement).fontSize));
    this.#box.style.setProperty('--row-height', `${this.#rowHeight}px`);
    this.#orderedGeneration = -1;
    for (const row of this.#rows) row.index = -1;
    this.repaint();
  }

  /** @param {number} now */
  #arrange(now) {
    const isMoving = this.#sort.column.name !== 'topic';
    const isDue = isMoving && now - this.#orderedAt > sortMilliseconds;
    if (this.#orderedGeneration === this.#quotes.generation && !isDue) return;
    this.#orderedGeneration = this.#quotes.generation;
    this.#orderedAt = now;
    this.#chooseColumns();
    const key = (/** @type {string} */ topic) => this.#sort.column.key(this.#quotes.get(topic), this.#conflated);
    const keyed = this.#quotes.topics().map((topic) => ({ topic, key: key(topic) }));
    const sign = this.#sort.isDescending ? -1 : 1;
    const isByTopic = ['topic', 'measure'].includes(this.#sort.column.name);
    // What has nothing to sort by comes last, in both directions.
    keyed.sort((one, other) => {
      const [isOneMissing, isOtherMissing] = [isMissing(one.key), isMissing(other.key)];
      const order = isOneMissing || isOtherMissing ? Number(isOneMissing) - Number(isOtherMissing) : sign * compare(one.key, other.key, isByTopic);
      return order || compare(one.topic, other.topic, true);
    });
    this.#order = keyed.map(({ topic }) => topic);
    this.#rowsBox.style.height = `${this.#order.length * this.#rowHeight}px`;
    this.#box.setAttribute('aria-rowcount', String(this.#order.length + 1));
    this.#count.textContent = `${fixed(this.#order.length, 0)} topic${this.#order.length === 1 ? '' : 's'}`;
    this.#empty.hidden = this.#order.length > 0;
  }

  /** @param {Row} row @param {number} index @param {number} now @param {number | null} serverNow null: leave the ages as they are */
  #drawRow(row, index, now, serverNow) {
    const topic = this.#order[index];
    const quote = this.#quotes.get(topic);
    if (!quote) return;
    row.isUsed = true;
    if (row.box.hidden) row.box.hidden = false;
    if (row.index !== index) {
      row.index = index;
      row.box.style.transform = `translateY(${index * this.#rowHeight}px)`;
      row.box.setAttribute('aria-rowindex', String(index + 2));
    }
    const isSelected = topic === this.#selected;
    if (row.isSelected !== isSelected) {
      row.isSelected = isSelected;
      row.box.setAttribute('aria-selected', String(isSelected));
    }
    const isOther = row.topic !== topic;
    if (serverNow !== null) write(row, 'age', age(serverNow - quote.moment));
    else if (isOther) write(row, 'age', '');
    this.#flashes += flash(row, quote, now);
    const isGrowingStale = row.staleSince !== quote.staleSince;
    if (isGrowingStale) markStale(row.box, (row.staleSince = quote.staleSince));
    if (!isOther && !isGrowingStale && row.version === quote.version && row.history === quote.history) return;
    row.topic = topic;
    row.version = quote.version;
    row.history = quote.history;
    if (isOther) nameRow(row, quote);
    this.#writeCells(row, quote);
  }

  /** @param {Row} row @param {Quote} quote */
  #writeCells(row, quote) {
    const { numeral, numerals, change, changePercent, measure, trend: sign } = quote;
    const isText = numeral === '';
    const isMetric = measure?.isPrice === false;
    if (row.isMetric !== isMetric) row.box.classList.toggle('is-metric', (row.isMetric = isMetric));
    if (row.isText !== isText) row.box.classList.toggle('is-text', (row.isText = isText));
    if (isText) writePlain(row, plain(quote.data, quote.text));
    for (const name of /** @type {const} */ (['bid', 'ask'])) quote.decimals = decimalsOf(numerals.get(name) ?? '', quote.decimals);
    if (measure && isMetric) writeMetric(row, measure, numeral);
    else if (!isText) writeNumeral(row, 'last', numeral, quote.decimals);
    for (const name of /** @type {const} */ (['bid', 'ask'])) writeNumeral(row, name, numerals.get(name) ?? '', quote.decimals);
    write(row, 'change', Number.isFinite(change) ? moveInCell(change, quote.decimals) : '');
    write(row, 'percent', Number.isFinite(change) && Number.isFinite(changePercent) ? `${signed(changePercent, 2)}%` : '');
    const volume = Number(numerals.get('volume') ?? NaN);
    write(row, 'volume', Number.isFinite(volume) ? compact(volume) : numerals.get('volume') ?? '');
    write(row, 'conflated', fixed(this.#conflated(quote.topic), 0));
    const trend = sign > 0 ? 'up' : sign < 0 ? 'down' : 'flat';
    if (row.box.dataset.trend !== trend) row.box.dataset.trend = trend;
    if (row.isSimulated !== quote.isSimulated) row.cells.topic.classList.toggle('is-simulated', (row.isSimulated = quote.isSimulated));
    drawSparkline(row.spark, quote.history, sparklinePoints, color(quote.staleSince !== null ? 'dim' : isMetric ? 'metric' : trend === 'flat' ? 'dim' : trend));
  }

  /** @param {string} topic */
  #choose(topic) {
    this.#selected = topic;
    this.#onSelect(topic);
  }

  #makeHead() {
    const head = element('table-head');
    for (const column of columns) {
      const cell = document.createElement('div');
      cell.className = `cell ${column.name}`;
      cell.setAttribute('role', 'columnheader');
      if (column.key) {
        const button = document.createElement('button');
        button.type = 'button';
        button.textContent = column.title;
        button.addEventListener('click', () => this.#sortBy(column));
        cell.append(button);
      } else {
        cell.textContent = column.title;
      }
      cell.dataset.column = column.name;
      head.append(cell);
    }
    this.#markSort();
  }

  /** @param {typeof columns[0]} column */
  #sortBy(column) {
    const isSame = this.#sort.column === column;
    this.#sort = { column, isDescending: isSame ? !this.#sort.isDescending : column.name !== 'topic' && column.name !== 'age' };
    this.#orderedGeneration = -1;
    this.#markSort();
  }

  #markSort() {
    for (const cell of element('table-head').children) {
      const isSorted = cell.dataset.column === this.#sort.column.name;
      const direction = this.#sort.isDescending ? 'descending' : 'ascending';
      cell.setAttribute('aria-sort', isSorted ? direction : 'none');
    }
  }

  /** @param {KeyboardEvent} event */
  #keyPressed(event) {
    if (event.target !== this.#box) return;
    const page = Math.max(Math.floor(this.#box.clientHeight / this.#rowHeight) - 2, 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined || this.#order.length === 0) return;
    event.preventDefault();
    const place = this.#order.indexOf(this.#selected);
    const next = Math.min(Math.max(place + step, 0), this.#order.length - 1);
    this.#choose(this.#order[next]);
    this.#bringIntoView(next);
  }

  /** @param {number} index */
  #bringIntoView(index) {
    const top = index * this.#rowHeight;
    const height = this.#box.clientHeight - this.#rowHeight;
    if (top < this.#box.scrollTop) this.#box.scrollTop = top;
    else if (top + this.#rowHeight > this.#box.scrollTop + height) this.#box.scrollTop = top + this.#rowHeight - height;
  }
}

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * By size, topics by code point.
 * @param {string | number | undefined} one
 * @param {string | number | undefined} other
 * @param {boolean} isTopic
 */
function compare(one, other, isTopic) {
  if (typeof one === 'string' && typeof other === 'string' && !isTopic) return compareNumerals(one, other);
  return one < other ? -1 : one > other ? 1 : 0;
}

const isMissing = (/** @type {string | number | undefined} */ key) => key === undefined || key === '' || Number.isNaN(key);
