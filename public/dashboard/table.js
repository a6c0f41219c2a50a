// The table of quotes. Only rows in view exist; a frame writes only the cells whose text changed.
import { color, drawSparkline } from './canvas.js';
import { age, compact, fixed, inCell, plain, signed, signedInCell } from './format.js';

/** How long a cell shows its flash before CSS fades it. */
const flashMilliseconds = 180;
const sparklinePoints = 60;
/** Rows kept ready beyond each edge, for scrolling. */
const spareRows = 3;
/** A table sorted by a moving value is sorted again once a second: nobody can read jumping rows. */
const sortMilliseconds = 1000;
/** Ages are shown to a tenth of a second. */
const ageMilliseconds = 100;
/** Flashes fade only while fewer cells than this flash in a second: each fading cell costs a paint a frame. */
const calmFlashes = 150;

/** @typedef {import('./quotes.js').Quote} Quote */

const columns = [
  { name: 'topic', title: 'Topic', key: (/** @type {Quote} */ quote) => quote.topic },
  { name: 'trend', title: 'Trend', key: null },
  { name: 'last', title: 'Last', key: (quote) => quote.value },
  { name: 'change', title: 'Change', key: (quote) => quote.change },
  { name: 'percent', title: '%', key: (quote) => quote.changePercent },
  { name: 'bid', title: 'Bid', key: (quote) => quote.data?.bid },
  { name: 'ask', title: 'Ask', key: (quote) => quote.data?.ask },
  { name: 'volume', title: 'Volume', key: (quote) => quote.data?.volume },
  { name: 'age', title: 'Age', key: (quote) => -quote.time },
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
  /** @type {ReturnType<typeof makeRow>[]} */
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
    new ResizeObserver(() => this.#measure()).observe(this.#box);
    this.#box.setAttribute('aria-colcount', String(columns.length));
  }

  /** @param {string} topic */
  select(topic) {
    this.#selected = topic;
  }

  /** The topic in view with the largest volume, else the first one: it is likely to move. */
  get busiestTopic() {
    const volume = (/** @type {string} */ topic) => this.#quotes.get(topic)?.data?.volume ?? 0;
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
      const row = makeRow();
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
    this.#pointOutSelected();
    this.#watchFlashes(now);
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
    const key = (/** @type {string} */ topic) => this.#sort.column.key(this.#quotes.get(topic), this.#conflated);
    const keyed = this.#quotes.topics().map((topic) => ({ topic, key: key(topic) }));
    const sign = this.#sort.isDescending ? -1 : 1;
    keyed.sort((one, other) => sign * compare(one.key, other.key) || compare(one.topic, other.topic));
    this.#order = keyed.map(({ topic }) => topic);
    this.#rowsBox.style.height = `${this.#order.length * this.#rowHeight}px`;
    this.#box.setAttribute('aria-rowcount', String(this.#order.length + 1));
    this.#count.textContent = `${fixed(this.#order.length, 0)} topic${this.#order.length === 1 ? '' : 's'}`;
    this.#empty.hidden = this.#order.length > 0;
  }

  /** @param {ReturnType<typeof makeRow>} row @param {number} index @param {number} now @param {number | null} serverNow null: leave the ages as they are */
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
    if (serverNow !== null) write(row, 'age', age(serverNow - quote.time));
    else if (isOther) write(row, 'age', '');
    this.#flashes += flash(row, quote, now);
    if (!isOther && row.version === quote.version && row.history === quote.history) return;
    row.topic = topic;
    row.version = quote.version;
    row.history = quote.history;
    if (isOther) nameRow(row, quote);
    this.#writeCells(row, quote);
  }

  /** @param {ReturnType<typeof makeRow>} row @param {Quote} quote */
  #writeCells(row, quote) {
    const { data, decimals } = quote;
    const number = (/** @type {unknown} */ value) => (typeof value === 'number' ? inCell(value, decimals) : '');
    const isNumber = Number.isFinite(quote.value);
    if (row.isText === isNumber) row.box.classList.toggle('is-text', (row.isText = !isNumber));
    write(row, 'last', isNumber ? inCell(quote.value, decimals) : plain(data));
    const isMoved = Number.isFinite(quote.change);
    write(row, 'change', isMoved ? signedInCell(quote.change, decimals) : '');
    write(row, 'percent', isMoved ? `${signed(quote.changePercent, 2)}%` : '');
    write(row, 'bid', number(data?.bid));
    write(row, 'ask', number(data?.ask));
    write(row, 'volume', typeof data?.volume === 'number' ? compact(data.volume) : '');
    write(row, 'conflated', fixed(this.#conflated(quote.topic), 0));
    const trend = quote.change > 0 ? 'up' : quote.change < 0 ? 'down' : 'flat';
    if (row.box.dataset.trend !== trend) row.box.dataset.trend = trend;
    if (row.isSimulated !== quote.isSimulated) row.cells.topic.classList.toggle('is-simulated', (row.isSimulated = quote.isSimulated));
    drawSparkline(row.spark, quote.history, sparklinePoints, color(trend === 'flat' ? 'dim' : trend));
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

let rowCount = 0;

function makeRow() {
  const box = document.createElement('div');
  box.className = 'row';
  box.setAttribute('role', 'row');
  rowCount += 1;
  box.id = `row-${rowCount}`;
  /** @type {Record<string, HTMLElement>} */
  const cells = {};
  for (const { name } of columns) {
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
    history: /** @type {any} */ (null), texts: /** @type {Record<string, string>} */ ({}),
    flashes: { last: 0, bid: 0, ask: 0 },
  };
}

/** The first segment shows where a topic belongs, the last what it is; the middle is cut first. @param {ReturnType<typeof makeRow>} row @param {Quote} quote */
function nameRow(row, { topic, isSimulated }) {
  row.box.dataset.topic = topic;
  const [, ...parts] = /** @type {RegExpMatchArray} */ (topic.match(/^([^/]*\/)?(.*\/)?([^/]*)$/));
  row.cells.topic.title = topic;
  row.cells.topic.ariaLabel = isSimulated ? `${topic}, simulated` : topic;
  for (const [place, part] of parts.entries()) row.names[place].textContent = part ?? '';
}

/** @param {ReturnType<typeof makeRow>} row @param {string} name @param {string} text */
function write(row, name, text) {
  if (row.texts[name] === text) return;
  row.texts[name] = text;
  row.cells[name].textContent = text;
}

/** Marks the cells that moved; returns how many flashes began. @param {ReturnType<typeof makeRow>} row @param {Quote} quote @param {number} now */
function flash(row, quote, now) {
  const isFresh = now - quote.movedAt < flashMilliseconds;
  const { last, bid, ask } = quote.directions;
  return mark(row, 'last', isFresh ? last : 0) + mark(row, 'bid', isFresh ? bid : 0) + mark(row, 'ask', isFresh ? ask : 0);
}

/** @param {ReturnType<typeof makeRow>} row @param {'last' | 'bid' | 'ask'} name @param {number} direction @returns {number} 1 where a flash began */
function mark(row, name, direction) {
  if (row.flashes[name] === direction) return 0;
  row.flashes[name] = direction;
  row.cells[name].dataset.flash = direction > 0 ? 'up' : direction < 0 ? 'down' : '';
  return direction === 0 ? 0 : 1;
}

/** Numbers by size, text by code point; missing values last. */
function compare(one, other) {
  const isOne = one !== undefined && !Number.isNaN(one);
  const isOther = other !== undefined && !Number.isNaN(other);
  if (!isOne || !isOther) return Number(isOther) - Number(isOne);
  return one < other ? -1 : one > other ? 1 : 0;
}
