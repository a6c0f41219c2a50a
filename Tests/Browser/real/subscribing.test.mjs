// Subscriptions as large as the gateway takes them, refusals, and values to the last digit, by each transport.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Chromium } from './chromium.mjs';
import { startGateway } from './gateway.mjs';
import { startProxy } from './proxy.mjs';

let chromium;
let gateway;
let page;

before(async () => {
  [chromium, gateway] = await Promise.all([Chromium.open(), startGateway()]);
});
after(async () => {
  await chromium?.close();
  await gateway?.stop();
});
afterEach(() => page.close());

/** Names in the page, 450 KB of them: as many as may be subscribed to. */
const names = (prefix, count = 10_000) => `Array.from({ length: ${count} }, (_, place) => '${prefix}/a-market-of-many-symbols/symbol-' + place)`;

/** A page with a client, and all that it is told. */
async function open(url, options = {}) {
  page = await chromium.newPage();
  await page.goTo(`${url}/examples/library.html`);
  await page.evaluate(`import('/tidegate.js').then(({ Tidegate }) => {
    Object.assign(window, { gate: new Tidegate('/', ${JSON.stringify(options)}), told: [], taken: new Map() });
    for (const name of ['live', 'reset', 'error']) gate.on(name, (details) => told.push({ name, ...details }));
    window.take = ({ topic, version, data }) => taken.set(topic, [...(taken.get(topic) ?? []), [version, data]]);
  })`);
}

const count = (name) => page.evaluate(`told.filter(({ name }) => name === '${name}').length`);

for (const transport of ['ws', 'sse', 'poll']) {
  test(`by ${transport}, 10,000 names are one subscription: snapshot, updates, resume, end`, async () => {
    const topic = (place) => `${transport}/a-market-of-many-symbols/symbol-${place}`;
    await gateway.publish(...Array.from({ length: 10_000 }, (_, place) => ({ topic: topic(place), data: place })));
    await open(gateway.url, { transport });
    await page.evaluate(`window.stop = gate.subscribe(${names(transport)}, take)`);
    await page.waitFor(`gate.state === 'live'`);
    assert.deepEqual(await page.evaluate(`[taken.size, told.map(({ name }) => name)]`), [10_000, ['live']]);
    await gateway.publish({ topic: topic(0), data: 'first' }, { topic: topic(9999), data: 'last' });
    await page.waitFor(`gate.get('${topic(0)}').data === 'first' && gate.get('${topic(9999)}').data === 'last'`);
    await page.evaluate(`told.length = 0, gate.reconnect()`);
    await gateway.publish({ topic: topic(5000), data: 'between' });
    await page.waitFor(`gate.state === 'live' && gate.get('${topic(5000)}').data === 'between'`);
    assert.deepEqual(await page.evaluate(`told.map(({ name, resumed }) => [name, resumed])`), [['live', true]]);
    assert.deepEqual(await page.evaluate(`[...taken.values()].filter((updates) => updates.length > 1).map((updates) => updates.map(([version]) => version))`), [[1, 2], [1, 2], [1, 2]], 'nothing is told twice');

    await page.evaluate(`told.length = 0, gate.subscribe('one/more', take)`);
    await page.waitFor(`told.some(({ code }) => code === 'too_many_topics')`);
    await page.waitFor(`gate.state === 'live'`);
    await gateway.publish({ topic: topic(1), data: 'goes on' });
    await page.waitFor(`gate.get('${topic(1)}').data === 'goes on'`);
    assert.equal(await count('error'), 1);
    await page.evaluate(`stop()`);
    await page.waitFor(`gate.get('${topic(1)}') === null`);
    assert.deepEqual(page.problems.filter((problem) => !/status of 400/.test(problem)), []);
  });

  test(`by ${transport}, more than the gateway takes is told once, and not asked for again`, async () => {
    const proxy = await startProxy(gateway.port, {});
    await open(proxy.url, { transport });
    await page.evaluate(`gate.subscribe(${names(transport, 10_001)}, take)`);
    await page.waitFor(`gate.state === 'closed'`);
    assert.deepEqual(await page.evaluate(`told.map(({ code }) => code)`), ['too_many_topics']);
    const before = { ...proxy.counts };
    await page.evaluate(`gate.measureLatency()`);
    assert.deepEqual(proxy.counts, { ...before, requests: before.requests + 1 });
    await proxy.stop();
  });

  test(`by ${transport}, values are as they came`, async () => {
    const raw = '{"id":8389766036995847940,"px":0.1000000000000000055511,"z":-0,"far":1e999,"tens":1.10}';
    await gateway.publishText(`raw/${transport}`, raw);
    await open(gateway.url, { transport });
    await page.evaluate(`gate.subscribe('raw/${transport}', ({ data, text }) => told.push([data.id, text]))`);
    await page.evaluate(`gate.subscribe('raw/${transport}', ({ data }) => told.push(data), { parse: (text) => text.match(/\\d{19}/)[0] })`);
    await page.waitFor(`told.filter((what) => !what.name).length === 2`);
    assert.deepEqual(await page.evaluate(`told.filter((what) => !what.name)`), [[8389766036995848000, raw], '8389766036995847940']);
    assert.equal(await page.evaluate(`gate.publish([{ ...gate.get('raw/${transport}'), topic: 'copy/${transport}' }])`), 1);
    assert.match(await (await fetch(`${gateway.url}/topics/copy/${transport}`)).text(), new RegExp(`"data":${raw.replaceAll(/[.{}+]/g, '\\$&')}`));
    assert.deepEqual(page.problems, []);
  });
}

test('where upgrades are refused, many names take the event stream', async () => {
  const proxy = await startProxy(gateway.port, { refusesUpgrades: true });
  await gateway.publish({ topic: 'down/a-market-of-many-symbols/symbol-4999', data: 1 });
  await open(proxy.url);
  await page.evaluate(`gate.subscribe(${names('down', 5000)}, take)`);
  await page.waitFor(`gate.state === 'live' && gate.transport === 'sse' && taken.size === 1`);
  await proxy.stop();
});

test('what a proxy refuses for good is told, and not asked for again; what passes is', async () => {
  const manners = { refusesUpgrades: true, refusal: 0 };
  const proxy = await startProxy(gateway.port, manners);
  await open(proxy.url);
  manners.refusal = 403;
  await page.evaluate(`gate.subscribe('a', take)`);
  await page.waitFor(`gate.state === 'closed'`);
  assert.equal(await page.evaluate(`told.at(-1).code`), 'forbidden');
  const before = { ...proxy.counts };
  await page.evaluate(`gate.measureLatency()`);
  assert.deepEqual(proxy.counts, { ...before, requests: before.requests + 1 });
  manners.refusal = 502;
  await page.evaluate(`gate.reconnect()`);
  await page.waitFor(`gate.state === 'waiting'`);
  manners.refusal = 0;
  await page.waitFor(`gate.state === 'live'`);
  await proxy.stop();
});
