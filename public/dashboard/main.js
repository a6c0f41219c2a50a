// The dashboard: joins the client library with what is shown, and draws once a frame what has changed.
import { Tidegate, matches } from '../tidegate.js';
import { readColors } from './canvas.js';
import { Chart } from './chart.js';
import { ConnectionPanel } from './connection.js';
import { Gauges } from './gauges.js';
import { Quotes } from './quotes.js';
import { QuoteView } from './quoteview.js';
import { QuoteTable } from './table.js';
import { WatchList, writeToURL } from './watchlist.js';

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const wishes = new URLSearchParams(location.search);
/** How often the chart's description for screen readers is renewed. */
const describeMilliseconds = 5000;

const gate = new Tidegate('./', { transport: /** @type {any} */ (wishes.get('transport') ?? 'auto') });
const quotes = new Quotes();
const gauges = new Gauges();
const chart = new Chart();
const quoteView = new QuoteView();
const table = new QuoteTable(quotes, (topic) => gate.conflated(topic), select);
const connection = new ConnectionPanel(gate, (text) => (element('announcement').textContent = text));
const watchList = new WatchList(watch);

let selected = wishes.get('topic') ?? '';
/** The gateway's clock beside the page's: the least difference seen, so that an age is never below zero. */
let clockOffset = Infinity;
let unwatch = () => {};

/** @param {string} topic */
function select(topic) {
  selected = topic;
  quotes.select(topic);
  table.select(topic);
  chart.restart();
  writeToURL('topic', topic);
}

/** @param {string[]} patterns */
function watch(patterns) {
  const before = unwatch;
  quotes.keep((topic) => patterns.some((pattern) => matches(pattern, topic)));
  unwatch = patterns.length > 0 ? gate.subscribe(patterns, take, { frame: true }) : () => {};
  before();
}

/** @param {import('../tidegate/transport.js').Update[]} updates */
function take(updates) {
  const now = performance.now();
  for (const update of updates) {
    clockOffset = Math.min(clockOffset, Date.now() - update.time);
    quotes.take(update, now);
  }
}

function draw() {
  requestAnimationFrame(draw);
  connection.countFrame();
  const now = performance.now();
  const serverNow = Date.now() - (Number.isFinite(clockOffset) ? Math.min(clockOffset, 0) : 0);
  if (!selected && quotes.size > 0) {
    table.draw(now, serverNow);
    select(table.firstTopic);
  }
  const quote = quotes.get(selected);
  table.draw(now, serverNow);
  quoteView.draw(selected, quote, now);
  chart.draw(quote, serverNow);
  element('simulated').hidden = quotes.simulatedCount === 0;
}

function switchTheme() {
  const theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem('tidegate.theme', theme);
  } catch {
    // Storage is forbidden: the theme lasts as long as the page.
  }
  readColors();
}

/** Patterns and topic stand in the address, so that whoever gets it sees the same. */
async function share() {
  writeToURL('watch', watchList.patterns.join(','));
  const announce = (/** @type {string} */ text) => (element('announcement').textContent = text);
  try {
    await navigator.clipboard.writeText(location.href);
    announce('Link copied');
    element('share').textContent = 'Copied';
    setTimeout(() => (element('share').textContent = 'Share'), 1500);
  } catch {
    // Only secure pages may write to the clipboard.
    announce('The address bar holds the link');
    element('share').title = 'The address bar holds the link';
  }
}

/** @param {KeyboardEvent} event */
function keyPressed(event) {
  if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/') {
    event.preventDefault();
    element('pattern').focus();
  } else if (event.key === 't') {
    switchTheme();
  }
}

function describeChart() {
  const quote = quotes.get(selected);
  if (!quote) return;
  const kind = quote.isSimulated ? 'simulated ' : '';
  const text = `Chart of ${kind}${selected}: last ${quote.value}, change ${quote.change}`;
  element('chart').setAttribute('aria-label', text);
}

readColors();
gate.on('reset', () => quotes.keep(() => false));
gate.subscribe('host/**', (updates) => gauges.take(updates), { frame: true });
watch(watchList.patterns);
if (selected) select(selected);
element('share').addEventListener('click', share);
element('theme').addEventListener('click', switchTheme);
addEventListener('keydown', keyPressed);
setInterval(describeChart, describeMilliseconds);
requestAnimationFrame(draw);
