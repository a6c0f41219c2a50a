// The page's messages when there is little, nothing or the wrong thing to show, and when it is out of date.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chromium } from './chromium.mjs';
import { startGateway } from './gateway.mjs';
import { gateway, isLive, newPage, page, stage, text } from './stage.mjs';

stage(Chromium, { without: 'faults' });

const cell = (topic, name) => `document.querySelector('.row[data-topic="${topic}"]:not([hidden]) .${name}')?.textContent`;
const isStale = `document.documentElement.classList.contains('is-stale')`;

async function open(query, at = gateway) {
  await newPage();
  await page.goTo(`${at.url}/${query}`);
  await page.waitFor(isLive);
}

test('a list of which nothing has come, and an empty one, say so, also after a reload', async () => {
  await open('?watch=nothing/*');
  assert.match(await page.evaluate(text('#table-empty')), /Nothing has come for nothing\/\*/);
  await page.click('#chips button');
  await page.waitFor(`/Nothing is watched/.test(${text('#table-empty')})`);
  await page.waitFor(`/chosen in the table/.test(${text('#chart-empty')})`);
  await page.goTo(`${gateway.url}/`);
  await page.waitFor(`${isLive} && /Nothing is watched/.test(${text('#table-empty')})`);
});

test('bad patterns in the address are named, the good ones are watched', async () => {
  await gateway.publish({ topic: 'good/a', data: 1.5 });
  await open('?watch=go*d,good/*');
  await page.waitFor(`${cell('good/a', 'last')} === '1.5'`);
  assert.match(await page.evaluate(text('#pattern-fault')), /^go\*d: /);
  assert.equal(await page.evaluate(`document.querySelector('#pattern').ariaInvalid`), 'true');
});

test('a transport in the address that there is none of is as if there were none', async () => {
  await open('?watch=good/*&transport=pigeon');
  assert.equal(await page.evaluate(`document.querySelector('#transports input:checked').value`), 'auto');
});

test('values of all kinds are shown whole, never cut in the middle of a number, never as markup', async () => {
  await gateway.publish(
    { topic: 'odd/text', data: 'halted <b>now</b>' }, { topic: 'odd/array', data: [1, 2] }, { topic: 'odd/null', data: null },
    { topic: 'odd/fx', data: { last: 1.08425, bid: 1.08421, ask: 1.08429 } }, { topic: 'odd/huge', data: 98_765_432_109.87 }, { topic: 'odd/minus', data: -37.63 },
  );
  await open('?watch=odd/*&topic=odd/text');
  const shown = { text: 'halted <b>now</b>', array: '[1,2]', null: 'null', fx: '1.08425', huge: '98765432109.87', minus: '-37.63' };
  for (const [name, value] of Object.entries(shown)) await page.waitFor(`${cell(`odd/${name}`, 'last')} === ${JSON.stringify(value)}`);
  assert.deepEqual(await page.evaluate(`[${cell('odd/fx', 'bid')}, ${cell('odd/fx', 'ask')}, ${cell('odd/minus', 'percent')}]`), ['1.08421', '1.08429', '0.00%']);
  await page.waitFor(`/no number/.test(${text('#chart-empty')})`);
  await page.waitFor(`${cutCells}.length === 0`);
});

/** Numbers of the table that are cut. */
const cutCells = `[...document.querySelectorAll('.row:not(.is-text, .head) :is(.last, .change, .percent, .bid, .ask)')]
  .filter((cell) => cell.offsetParent && cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent)`;

test('the digits are those that came: in the table, beside the chart, on it and for those who cannot see it', async () => {
  const values = {
    int: ['8389766036995847940', '8389766036995847941'], fraction: ['0.1000000000000000055511', '0.1000000000000000055519'], infinite: ['1', '1e999'], zero: ['0', '-0'], tens: ['1.05', '1.10'], text: ['"1.1"', '"1.10"'],
    order: ['{"id":8389766036995847940,"px":0.1000000000000000055511}', '{"id":8389766036995847941,"px":0.1000000000000000055511}'],
    quote: ['{"last":8389766036995847940,"bid":8389766036995847939}', '{"last":8389766036995847940,"bid":8389766036995847938,"ask":1.10,"volume":8389766036995847940}'],
    nested: ['{}', '{"book":{"id":8389766036995847940,"bids":[[0.1000000000000000055511,1.10]]}}'],
  };
  const put = (place) => Promise.all(Object.entries(values).map(([name, texts]) => gateway.publishText(`digits/${name}`, texts[place])));
  await put(0);
  await newPage({ width: 1900, height: 900 });
  await page.send('Page.addScriptToEvaluateOnNewDocument', { source: `{
    window.drawn = new Set();
    const { fillText } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...where) { drawn.add(text); fillText.call(this, text, ...where); };
  }` });
  await page.goTo(`${gateway.url}/?watch=digits/*&topic=digits/int`);
  await page.waitFor(`${cell('digits/int', 'last')} === '8389766036995847940' && ${text('#chart-price')} === '8389766036995847940'`);
  await put(1);
  const shown = { ...Object.fromEntries(Object.entries(values).map(([name, texts]) => [name, texts[1]])), text: '1.10', order: '8389766036995847941', quote: '8389766036995847940' };
  for (const [name, value] of Object.entries(shown)) await page.waitFor(`${cell(`digits/${name}`, 'last')} === ${JSON.stringify(value)}`);
  assert.deepEqual(await page.evaluate(`[${cell('digits/quote', 'bid')}, ${cell('digits/quote', 'ask')}, ${cell('digits/int', 'change')}, ${cell('digits/tens', 'change')}]`), ['8389766036995847938', '1.10', '+1', '+0.05']);
  await page.waitFor(`${cutCells}.length === 0`);
  await page.waitFor(`${text('#chart-price')} === '8389766036995847941' && drawn.has('8389766036995847941')`);
  const { x, y } = await page.place('#chart');
  await page.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: x - 400, y });
  await page.waitFor(`[...drawn].some((text) => text.startsWith('8389766036995847940  '))`);
  await page.click('.row[data-topic="digits/quote"] .topic');
  await page.waitFor(`${text('#fact-volume')} === '8389766036995847940' && ${text('#fact-ask')} === '1.10'`);
  await page.waitFor(`/last 8389766036995847940,/.test(document.querySelector('#chart').ariaLabel)`);

  const order = `[...document.querySelectorAll('#rows .row:not([hidden])')].sort((one, other) => one.ariaRowIndex - other.ariaRowIndex).map((row) => row.dataset.topic.slice(7)).join()`;
  await gateway.publishText('digits/fraction', '8389766036995847939');
  await page.click('[data-column="last"] button');
  await page.waitFor(`${order} === 'infinite,int,order,quote,fraction,tens,zero,nested,text'`);
  await page.click('[data-column="last"] button');
  await page.waitFor(`${order} === 'zero,tens,fraction,quote,int,order,infinite,nested,text'`);
});

test('values that are next to each other for doubles are drawn, and the page goes on', { timeout: 120_000 }, async () => {
  await gateway.publishText('near/a', '8389766036995847940');
  await open('?watch=near/*&topic=near/a');
  for (const value of ['8389766036995849988', '1e-300', '1.7e308', '-1.7e308', '5e-324']) {
    await gateway.publishText('near/a', value);
    await page.waitFor(`${text('#chart-price')} === '${value}'`);
    await page.evaluate(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`);
  }
});

test('a long name keeps its first and its last segment', async () => {
  const topic = `start/${'a-very-long-segment'.repeat(8)}/finish`;
  await gateway.publish({ topic, data: 1.5 });
  await open('?watch=start/**');
  await page.waitFor(`${cell(topic, 'last')} === '1.5'`);
  const isWhole = (part) => page.evaluate(`(() => { const part = document.querySelector('.rows .topic .${part}'); return part.scrollWidth <= part.clientWidth && part.textContent; })()`);
  assert.equal(await isWhole('family'), 'start/');
  assert.equal(await isWhole('name'), 'finish');
  assert.equal(await page.evaluate(`document.documentElement.scrollWidth <= innerWidth`), true);
});

test('a topic that ends leaves the table, and the chart says so; its return is seen', async () => {
  await gateway.publish({ topic: 'ends/a', data: 1.5 }, { topic: 'ends/b', data: 2.5 });
  await open('?watch=ends/*&topic=ends/a');
  await page.waitFor(`${cell('ends/a', 'last')} === '1.5'`);
  await fetch(`${gateway.url}/topics/ends/a`, { method: 'DELETE' });
  await page.waitFor(`${cell('ends/a', 'last')} === undefined && /has ended/.test(${text('#chart-empty')})`);
  assert.equal(await page.evaluate(cell('ends/b', 'last')), '2.5');
  await gateway.publish({ topic: 'ends/a', data: 3.5 });
  await page.waitFor(`${cell('ends/a', 'last')} === '3.5' && ${text('#chart-price')} === '3.5'`);
});

test('what the gateway says of itself has its figures, once it does', async () => {
  await open('?watch=good/*');
  assert.equal(await page.evaluate(`document.querySelector('#gateway').hidden`), true);
  await gateway.publish(
    { topic: 'gateway/latency', data: { p50Milliseconds: 0.4, p99Milliseconds: 2.25 } },
    { topic: 'gateway/delivered', data: { total: 5, perSecond: 1_234_567 } },
    { topic: 'gateway/connections', data: { open: 19_000, websocket: 18_000 } },
    { topic: 'gateway/other', data: 1 },
  );
  await page.waitFor(`${text('#gateway-figures')} === 'connections19.0kdelivered / s1.2Mlatency p992.3 ms'`);
  await fetch(`${gateway.url}/topics/gateway/connections`, { method: 'DELETE' });
  await page.waitFor(`${text('#gateway-figures')} === 'delivered / s1.2Mlatency p992.3 ms'`);
});

test('killed: the page says since when it is out of date, at every retry, holds its values, and is live again by itself', async () => {
  const first = await startGateway();
  await first.publish({ topic: 'kill/a', data: 1.5 }, { topic: 'kill/gone', data: 1 });
  await open('?watch=kill/*&topic=kill/a', first);
  await page.waitFor(`${cell('kill/a', 'last')} === '1.5'`);
  await page.evaluate(`(() => {
    window.flickers = 0;
    new MutationObserver(() => { if (!${isStale} && !${isLive}) flickers += 1; }).observe(document.documentElement, { attributeFilter: ['class'] });
  })()`);
  await first.stop('SIGKILL');
  await page.waitFor(`${isStale} && !document.querySelector('#notice').hidden`);
  assert.match(await page.evaluate(text('#notice-text')), /^Not live\. What you see is as of \d\d:\d\d:\d\d, \d+ s ago: /);
  assert.match(await page.evaluate(text('#announcement')), /^Not live since/);
  await page.waitFor(`/can not be reached/.test(${text('#notice-text')})`);
  assert.equal(await page.evaluate(cell('kill/a', 'last')), '1.5');
  const second = await startGateway({ port: first.port });
  await second.publish({ topic: 'kill/a', data: 2.5 });
  await page.waitFor(`${isLive} && !${isStale} && ${cell('kill/a', 'last')} === '2.5' && document.querySelector('#notice').hidden`);
  assert.equal(await page.evaluate(cell('kill/gone', 'last')) ?? null, null);
  assert.equal(await page.evaluate('flickers'), 0, 'a retry that fails does not look like being live');
  assert.match(await page.evaluate(text('#announcement')), /^live by/);
  await second.stop();
});
