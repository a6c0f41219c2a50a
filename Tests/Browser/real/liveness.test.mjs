// What is not live does not look live: every value is visibly so, by more than its colour, as of the last sign of life.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Chromium } from './chromium.mjs';
import { tooFaint } from './contrast.mjs';
import { startGateway } from './gateway.mjs';
import { isLive, newPage, page, stage, text } from './stage.mjs';

stage(Chromium, { without: 'faults' });

const isStale = `document.documentElement.classList.contains('is-stale')`;
/** The gateway of one test. */
let own;
afterEach(async () => {
  own?.freeze(false);
  await own?.stop('SIGKILL');
  own = undefined;
});

/** A page with a live value, that writes down what the notice first said and what its chart was drawn with. */
async function open({ query = '', settings = {}, ...options } = {}) {
  own = await startGateway({ feeds: ['host', 'gateway'], settings });
  await own.publish({ topic: 'life/a', data: { last: 1.25, bid: 1.24, ask: 1.26, volume: 7 } }, { topic: 'life/a', data: { last: 1.5, bid: 1.49, ask: 1.51, volume: 9 } });
  await newPage(options);
  await page.send('Page.addScriptToEvaluateOnNewDocument', { source: `{
    window.drawn = [];
    window.clips = [];
    const { clearRect, fillText, rect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.clearRect = function (...box) { if (this.canvas.id === 'chart') clips.length = 0; clearRect.apply(this, box); };
    CanvasRenderingContext2D.prototype.rect = function (...box) { if (this.canvas.id === 'chart') clips.push(box); rect.apply(this, box); };
    CanvasRenderingContext2D.prototype.fillText = function (text, ...where) { if (drawn.at(-1) !== text) drawn.push(text); fillText.call(this, text, ...where); };
    window.first = '';
    new MutationObserver(() => { if (!first && ${isStale}) queueMicrotask(() => { first ||= document.querySelector('#notice-text').textContent; }); })
      .observe(document, { subtree: true, attributeFilter: ['class'] });
  }` });
  await page.goTo(`${own.url}/?watch=life/*,host/cpu/*&topic=life/a${query}`);
  await page.waitFor(`${isLive} && ${text('#chart-price')} === '1.5' && document.querySelectorAll('.gauge').length > 2 && document.querySelector('#gateway-figures dd')`);
  await own.publish({ topic: 'life/a', data: { last: 1.75, bid: 1.74, ask: 1.76, volume: 11 } });
  await page.waitFor(`${text('#chart-price')} === '1.75' && drawn.length > 0`);
}

/** All that shows a value, and how. */
const looks = `(() => [...document.querySelectorAll('.rows .row:not([hidden]) .cell:not(.trend, .topic), #chart-price, #chart-move, .facts dd, .gauge .text, #gateway-figures dd')]
  .filter((box) => box.textContent && box.checkVisibility())
  .map((box) => { const { color, fontStyle } = getComputedStyle(box); return { what: box.className || box.id, color, isSlanted: fontStyle.startsWith('oblique') || fontStyle === 'italic' }; }))()`;
const dim = `(() => { const probe = document.body.appendChild(document.createElement('i')); probe.style.color = 'var(--dim)'; const { color } = getComputedStyle(probe); probe.remove(); return color; })()`;

for (const [transport, theme] of [['ws', 'dark'], ['sse', 'light'], ['poll', 'dark']]) {
  test(`by ${transport}, ${theme}: a gateway that stands still is noticed; nothing looks live then, and all does when it goes on`, async () => {
    await open({ theme, query: `&transport=${transport}` });
    assert.ok((await page.evaluate(looks)).every(({ isSlanted }) => !isSlanted));
    own.freeze(true);
    await page.waitFor(isStale);
    const first = await page.waitFor('first');
    assert.match(first, /^Not live\. What you see is as of \d\d:\d\d:\d\d, [1-9]\d* s ago: /, 'it says when the last sign of life came, not when that was noticed');
    const seen = await page.evaluate(looks);
    assert.ok(seen.length > 15, `${seen.length} values`);
    const grey = await page.evaluate(dim);
    assert.deepEqual(seen.filter(({ color, isSlanted }) => color !== grey || !isSlanted), []);
    assert.deepEqual(await page.evaluate(`[${text('#transport-name')}, ${text('#follow')}, document.title]`), ['none', '○ Not live', 'Not live – Tidegate']);
    assert.match(await page.evaluate(text('#chart-stale')), /^not live since \d\d:\d\d:\d\d$/);
    assert.match(await page.evaluate(`getComputedStyle(document.querySelector('.rows .row:not([hidden])'), '::before').content`), /^"~"/);
    // The line is clipped where the hatching begins.
    await page.waitFor(`clips.some(([left, , width]) => left === 0 && clips.some(([gap]) => gap > 0 && gap === width))`);
    await page.waitFor(`drawn.slice(-12).includes('not live') && drawn.slice(-12).includes('~1.75')`);
    assert.deepEqual(await page.evaluate(tooFaint), []);
    own.freeze(false);
    await page.waitFor(`${isLive} && !${isStale}`);
    assert.ok((await page.evaluate(looks)).every(({ isSlanted }) => !isSlanted));
    assert.equal(await page.evaluate(text('#follow')), '● Follow');
    await page.evaluate('drawn.length = 0');
    await page.waitFor(`drawn.includes('1.75') && !drawn.includes('not live')`);
  });
}

test('a clean stop says that the gateway restarts, and counts down; a key connects at once and says so', async () => {
  await open({ settings: { 'drain.reconnectSpread': 600, 'drain.deadline': 0.5 } });
  const { port } = own;
  await own.stop('SIGTERM');
  await page.waitFor(`/restarting\\. Next try in \\d+ s\\.$/.test(${text('#notice-text')})`);
  const left = `Number(${text('#state-text')}.match(/^restarting · (\\d+) s$/)?.[1])`;
  const before = await page.evaluate(left);
  await page.waitFor(`${left} < ${before}`);
  own = await startGateway({ port, feeds: ['host', 'gateway'] });
  await page.evaluate(`new MutationObserver(() => (window.said ??= []).push(${text('#announcement')}, ${text('#state-text')})).observe(document.querySelector('#announcement'), { childList: true })`);
  await page.press('r');
  await page.waitFor(`${isLive} && !${isStale}`);
  const said = await page.evaluate('said');
  assert.ok(said.includes('Connecting now') && said.at(-2).startsWith('live by'), `${said}`);
});

test('a click on the notice connects at once, and says so while nobody answers', async () => {
  await open({ settings: { 'drain.reconnectSpread': 600, 'drain.deadline': 0.5 } });
  await own.stop('SIGTERM');
  await page.waitFor(`/restarting/.test(${text('#notice-text')})`);
  await page.evaluate(`new MutationObserver(() => (window.said ??= []).push(${text('#notice-text')}, ${text('#state-text')})).observe(document.querySelector('#notice-text'), { childList: true })`);
  await page.click('#notice-connect');
  await page.waitFor(`/can not be reached/.test(${text('#notice-text')})`);
  const said = (await page.evaluate('said')).join();
  assert.match(said, /Connecting now, as you asked/);
  assert.match(said, /connecting now · WebSocket/);
  own = undefined;
});
