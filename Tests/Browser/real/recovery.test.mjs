// Failures on the way: blocked transports, dying gateways, lost networks.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Chromium } from './chromium.mjs';
import { startGateway } from './gateway.mjs';
import { startProxy } from './proxy.mjs';

let chromium;
let page;
/** What the test started, to be stopped after it. */
let started = [];

before(async () => (chromium = await Chromium.open()));
after(() => chromium?.close());
afterEach(async () => {
  assert.deepEqual(page.faults, []);
  await page.close();
  for (const thing of started.splice(0).reverse()) await thing.stop();
});

const start = async (starting) => {
  const thing = await starting;
  started.push(thing);
  return thing;
};

/** A page with a client of the library in it, and all that it was told. */
async function listen(url, topics, options = {}) {
  page = await chromium.newPage();
  await page.goTo(`${url}/examples/library.html`);
  await page.evaluate(`(async () => {
    const { Tidegate } = await import('/tidegate.js');
    window.told = [];
    window.taken = [];
    window.gate = new Tidegate('/', ${JSON.stringify(options)});
    for (const name of ['live', 'stale', 'reset', 'gap', 'error']) gate.on(name, (details) => told.push({ name, ...details }));
    gate.subscribe(${JSON.stringify(topics)}, ({ topic, version, data, deleted }) => taken.push({ topic, version, data, deleted }));
  })()`);
  await page.waitFor(`gate.state === 'live'`);
}

const count = (name) => page.evaluate(`told.filter(({ name }) => name === '${name}').length`);

test('transports change under a stream of updates: each of a log comes once and in order, and the latest is the last', async () => {
  const gateway = await start(startGateway());
  await gateway.publish({ topic: 'trades/a', data: 0 });
  await listen(gateway.url, ['trades/a', 'price/*']);
  let published = 0;
  const publishing = { isOn: true };
  const publisher = (async () => {
    while (publishing.isOn) {
      published += 1;
      await gateway.publish({ topic: 'trades/a', data: published }, { topic: `price/${published % 3}`, data: published });
    }
  })();
  for (const transport of ['sse', 'poll', 'ws', 'sse', 'ws', 'poll', 'auto']) {
    const before = await page.evaluate('taken.length');
    await page.evaluate(`gate.setTransport('${transport}')`);
    await page.waitFor(`gate.state === 'live' && taken.length > ${before} + 20`);
  }
  publishing.isOn = false;
  await publisher;
  await page.waitFor(`taken.findLast(({ topic }) => topic === 'trades/a').data === ${published}`);
  const trades = await page.evaluate(`taken.filter(({ topic }) => topic === 'trades/a').map(({ data }) => data)`);
  assert.deepEqual(trades, Array.from({ length: published + 1 }, (_, place) => place));
  for (const rest of [0, 1, 2]) {
    const newest = published - ((published - rest) % 3);
    await page.waitFor(`gate.get('price/${rest}')?.data === ${newest}`);
  }
  assert.deepEqual([await count('stale'), await count('reset'), await count('gap')], [0, 0, 0]);
});

for (const transport of ['ws', 'sse', 'poll']) {
  test(`by ${transport}, the gateway is killed and comes back: the page says so, recovers, and holds what there is`, async () => {
    const first = await start(startGateway());
    await first.publish({ topic: 'kept', data: 1 }, { topic: 'gone', data: 1 });
    await listen(first.url, ['kept', 'gone'], { transport });
    await first.stop('SIGKILL');
    await page.waitFor('gate.isStale');
    const second = await start(startGateway({ port: first.port }));
    await second.publish({ topic: 'kept', data: 2 });
    await page.waitFor(`gate.state === 'live' && gate.get('kept')?.data === 2`);
    assert.equal(await page.evaluate(`gate.get('gone')`), null, 'what the new gateway does not know is not held on to');
    assert.ok((await count('reset')) >= 1);
    await second.publish({ topic: 'kept', data: 3 });
    await page.waitFor(`gate.get('kept').data === 3`);
  });
}

test('the gateway drains and another takes its place: the dashboard follows', async () => {
  const first = await start(startGateway());
  await first.publish({ topic: 'drain/a', data: 1.5 });
  page = await chromium.newPage();
  await page.goTo(`${first.url}/?watch=drain/*`);
  const last = `document.querySelector('.row[data-topic="drain/a"] .last')?.textContent`;
  await page.waitFor(`${last} === '1.5'`);
  await first.stop('SIGTERM');
  await page.waitFor(`document.documentElement.classList.contains('is-stale')`);
  const second = await start(startGateway({ port: first.port }));
  await second.publish({ topic: 'drain/a', data: 2.5 });
  await page.waitFor(`${last} === '2.5' && !document.documentElement.classList.contains('is-stale')`);
});

test('upgrades that are refused lead to the event stream; a stream that is held back, to polling', async () => {
  const gateway = await start(startGateway());
  await gateway.publish({ topic: 'a', data: 1 });
  const manners = { refusesUpgrades: true, holdsStreams: false };
  const proxy = await start(startProxy(gateway.port, manners));
  await listen(proxy.url, ['a']);
  assert.equal(await page.evaluate('gate.transport'), 'sse');
  await gateway.publish({ topic: 'a', data: 2 });
  await page.waitFor(`gate.get('a').data === 2`);

  manners.holdsStreams = true;
  await page.evaluate('gate.reconnect()');
  await page.waitFor(`gate.state === 'live' && gate.transport === 'poll'`);
  await gateway.publish({ topic: 'a', data: 3 });
  await page.waitFor(`gate.get('a').data === 3`);
  assert.deepEqual(await page.evaluate(`taken.map(({ data }) => data)`), [1, 2, 3]);

  await page.goTo(`${proxy.url}/?watch=a`);
  await page.waitFor(`document.querySelector('#state-text').textContent === 'live · Long poll'`);
});

test('offline the page waits for the network, and takes up where it was', async () => {
  const gateway = await start(startGateway());
  await gateway.publish({ topic: 'a', data: 1 });
  await listen(gateway.url, ['a'], { transport: 'ws' });
  const network = (offline) => page.send('Network.emulateNetworkConditions', { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await network(true);
  await page.waitFor(`gate.state === 'offline'`);
  await gateway.publish({ topic: 'a', data: 2 });
  await network(false);
  await page.waitFor(`gate.state === 'live' && gate.get('a').data === 2`);
  assert.equal(await count('reset'), 0);
});

test('patterns, pace and publishing work on each transport', async () => {
  const gateway = await start(startGateway());
  for (const transport of ['ws', 'sse', 'poll']) {
    await gateway.publish({ topic: `${transport}/b`, data: 'known' });
    await listen(gateway.url, [`${transport}/a`], { transport });
    await page.evaluate(`window.stop = gate.subscribe('${transport}/b', (update) => taken.push(update))`);
    await page.waitFor(`gate.get('${transport}/b')?.data === 'known'`);
    await page.evaluate(`gate.setPace(20)`);
    assert.equal(await page.evaluate(`gate.publish('${transport}/a', { text: 'é🦀' })`), 1);
    await page.waitFor(`gate.state === 'live' && gate.get('${transport}/a')?.data.text === 'é🦀'`);
    await page.evaluate('stop()');
    assert.equal(await page.evaluate(`gate.get('${transport}/b')`), null);
    if (transport === 'poll') continue;
    assert.deepEqual(page.faults, []);
    await page.close();
  }
});

for (const transport of ['ws', 'sse']) {
  test(`by ${transport}, a line that falls silent without a word is found out, and the next one resumes`, async () => {
    const gateway = await start(startGateway());
    await gateway.publish({ topic: 'a', data: 1 });
    const manners = { isSilent: false };
    const proxy = await start(startProxy(gateway.port, manners));
    await listen(proxy.url, ['a'], { transport, heartbeat: 1 });
    manners.isSilent = true;
    await gateway.publish({ topic: 'a', data: 2 });
    await page.waitFor('gate.isStale');
    assert.match(await page.evaluate(`told.find(({ name }) => name === 'stale').reason`), /nothing was heard/);
    manners.isSilent = false;
    await page.waitFor(`gate.state === 'live' && gate.get('a').data === 2`);
    assert.deepEqual(await page.evaluate(`taken.map(({ data }) => data)`), [1, 2]);
    assert.equal(await count('reset'), 0);
  });
}

test('a page that is hidden lets go, and takes up where it was when it is seen', async () => {
  const gateway = await start(startGateway());
  await gateway.publish({ topic: 'a', data: 1 });
  await listen(gateway.url, ['a'], { pauseHiddenAfter: 1 });
  const show = (isHidden) => page.evaluate(`(() => {
    Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  })()`);
  await show(true);
  await page.waitFor(`gate.state === 'hidden' && gate.isStale`);
  await gateway.publish({ topic: 'a', data: 2 });
  await show(false);
  await page.waitFor(`gate.state === 'live' && gate.get('a').data === 2`);
  assert.deepEqual(await page.evaluate(`taken.map(({ data }) => data)`), [1, 2]);
});
