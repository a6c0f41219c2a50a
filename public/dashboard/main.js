// The dashboard: connects the client library with the panels, and draws changes once a frame.
import { Tidegate, matches } from '../tidegate.js';
import { readColors } from './canvas.js';
import { Chart } from './chart.js';
import { ConnectionPanel } from './connection.js';
import { lostText, move, staleText } from './format.js';
import { Gauges } from './gauges.js';
import { GatewayFigures } from './gatewayfigures.js';
import { Liveness } from './liveness.js';
import { Nodes } from './nodes.js';
import { Quotes } from './quotes.js';
import { QuoteView } from './quoteview.js';
import { QuoteTable } from './table.js';
import { WatchList, writeToURL } from './watchlist.js';

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const wishes = new URLSearchParams(location.search);
/** How often the chart's description for screen readers is renewed. */
const describeMilliseconds = 5000;

const wishedTransport = ['ws', 'sse', 'poll'].find((name) => name === wishes.get('transport')) ?? 'auto';
const gate = new Tidegate('./', { transport: /** @type {any} */ (wishedTransport) });
const quotes = new Quotes();
const gauges = new Gauges();
const figures = new GatewayFigures();
const nodes = new Nodes();
const chart = new Chart();
const quoteView = new QuoteView();
const table = new QuoteTable(quotes, (topic) => gate.conflated(topic), select);
const liveness = new Liveness(gate, (text) => (element('announcement').textContent = text));
const connection = new ConnectionPanel(gate, liveness);
const watchList = new WatchList(watch);

let selected = wishes.get('topic') ?? '';
/** The difference between the gateway's clock and the page's: the least one seen, so that no age is negative. */
let clockOffset = Infinity;
let unwatch = () => {};
/** Whether the person has chosen a theme; until then the system's applies. */
let isThemeChosen = document.documentElement.dataset.chosen === 'true';

/** @param {string} topic */
function select(topic) {
  selected = topic;
  quotes.select(topic);
  table.select(topic);
  chart.restart();
  writeToURL('topic', topic || null);
}

/** @param {string[]} patterns */
function watch(patterns) {
  const before = unwatch;
  const isWatched = (/** @type {string} */ topic) => patterns.some((pattern) => matches(pattern, topic));
  quotes.keep(isWatched);
  if (selected && !isWatched(selected)) select('');
  element('table-empty').textContent = patterns.length > 0
    ? `Nothing has come for ${patterns.join(', ')} yet. What is published from now on appears here.`
    : 'Nothing is watched. Press / and add a topic or a pattern: sim/*, replay/*, host/**';
  unwatch = patterns.length > 0 ? gate.subscribe(patterns, take, { frame: true, stale: true }) : () => {};
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
  const shift = Number.isFinite(clockOffset) ? Math.min(clockOffset, 0) : 0;
  const serverNow = Date.now() - shift;
  if (!selected && quotes.size > 0) {
    table.draw(now, serverNow);
    select(table.busiestTopic);
  }
  const quote = quotes.get(selected);
  table.draw(now, serverNow);
  quoteView.draw(selected, quote, now, liveness.lostAt);
  chart.draw(quote, { serverNow, lostAt: liveness.lostAt === null ? null : liveness.lostAt - shift, gaps: liveness.gaps.map(({ from, to }) => ({ from: from - shift, to: to - shift })) }, noteOn(quote));
  element('simulated').hidden = quotes.simulatedCount === 0;
}

/** Why there is nothing to draw. @param {import('./quotes.js').Quote | undefined} quote */
function noteOn(quote) {
  if (!selected) return 'The chart shows the topic that is chosen in the table.';
  if (quotes.selectedEnding === 'expired') return 'This topic has expired: nothing more came in its time to live.';
  if (quotes.selectedEnding) return 'This topic has ended.';
  if (!quote) return 'No value has come for this topic yet.';
  return quote.numeral && Number.isFinite(quote.value) ? 'Waiting for the second value …' : 'There is no number in this value to draw.';
}

/** @param {string} theme */
function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  readColors();
  table.repaint();
}

function switchTheme() {
  const theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  isThemeChosen = true;
  try {
    localStorage.setItem('tidegate.theme', theme);
  } catch {
    // Storage is forbidden: the theme lasts as long as the page.
  }
  showTheme(theme);
}

/** The address holds the patterns and the topic, so that it shows others the same. */
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
  } else if (event.key === 'r' && liveness.isLost) {
    liveness.connectAtOnce();
  }
}

function describeChart() {
  const quote = quotes.get(selected);
  if (!quote || !Number.isFinite(quote.value)) {
    element('chart').setAttribute('aria-label', noteOn(quote));
    return;
  }
  const kind = quote.isSimulated ? 'simulated ' : '';
  const stale = liveness.lostAt !== null ? `, ${lostText(liveness.lostAt)}` : quote.staleSince === null ? '' : `, ${staleText(quote.staleSince)}`;
  const { measure, numeral } = quote;
  const value = measure && !measure.isPrice ? `${measure.name} ${measure.text(numeral)}` : `last ${numeral}, change ${move(quote.change, quote.decimals)}`;
  const text = `Chart of ${kind}${selected}: ${value}${stale}`;
  element('chart').setAttribute('aria-label', text);
}

readColors();
gate.on('reset', () => {
  quotes.keep(() => false);
  gauges.clear();
  figures.clear();
  nodes.clear();
});
gate.subscribe('host/**', (updates) => gauges.take(updates), { frame: true, stale: true });
gate.subscribe('gateway/**', (updates) => {
  figures.take(updates);
  nodes.take(updates);
}, { frame: true, stale: true });
if (selected) select(selected);
watch(watchList.patterns);
element('share').addEventListener('click', share);
element('theme').addEventListener('click', switchTheme);
addEventListener('keydown', keyPressed);
matchMedia('(prefers-color-scheme: light)').addEventListener('change', ({ matches: isLight }) => {
  if (!isThemeChosen) showTheme(isLight ? 'light' : 'dark');
});
setInterval(describeChart, describeMilliseconds);
requestAnimationFrame(draw);
