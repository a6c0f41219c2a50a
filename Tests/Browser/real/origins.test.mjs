// Pages that do not come from the gateway: an honest one that is let in, a hostile one, and one whose name was made to lead to the gateway.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, afterEach, before, test } from 'node:test';
import { Chromium } from './chromium.mjs';
import { startGateway } from './gateway.mjs';

let chromium;
let friend;
let stranger;
let gateway;
let page;

/** A site of its own with one empty page. Another port is another origin. */
async function startSite() {
  const server = http.createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>a site</title>'));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  return { port, url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

before(async () => {
  [chromium, friend, stranger] = await Promise.all([Chromium.open(), startSite(), startSite()]);
  gateway = await startGateway({ settings: { 'access.origins': `https://app.example,${friend.url}` } });
});
after(async () => {
  friend?.stop();
  stranger?.stop();
  await chromium?.close();
  await gateway?.stop();
});
afterEach(() => page.close());

async function visit(url) {
  page = await chromium.newPage();
  await page.goTo(url);
}

/** What became of a promise in the page: its value, or the name of its failure. */
const outcome = (expression) => page.evaluate(`Promise.resolve().then(() => ${expression}).catch((error) => error.name)`);

/** `open`, or `closed` if the socket never opens. */
const openSocket = (query) => outcome(`new Promise((tell) => {
  const socket = new WebSocket('ws://127.0.0.1:${gateway.port}/ws?${query}');
  socket.onopen = () => tell('open');
  socket.onclose = () => tell('closed');
})`);

for (const transport of ['ws', 'sse', 'poll']) {
  test(`the library, imported from another origin, reads and publishes by ${transport}`, async () => {
    const topic = `friend/${transport}`;
    await gateway.publish({ topic, data: 1 });
    await visit(friend.url);
    await page.evaluate(`import('${gateway.url}/tidegate.js').then(({ Tidegate }) => {
      const gate = new Tidegate('${gateway.url}', { transport: '${transport}' });
      Object.assign(window, { gate, seen: [] });
      gate.subscribe('friend/*', (update) => update.topic === '${topic}' && seen.push(update.data));
    })`);
    await page.waitFor(`gate.state === 'live' && seen.at(-1) === 1`);
    assert.equal(await page.evaluate('gate.transport'), transport);
    await gateway.publish({ topic, data: 2 });
    await page.waitFor('seen.at(-1) === 2');
    assert.equal(await page.evaluate(`gate.publish('${topic}', 3)`), 1);
    await page.waitFor('seen.at(-1) === 3');
    assert.equal(await page.evaluate(`gate.publish('a//b', 1).catch((error) => error.code)`), 'invalid_topic');
    await gateway.publish({ topic: 'friend/of/many/1999', data: 4 });
    await page.evaluate(`gate.subscribe(Array.from({ length: 2000 }, (_, place) => 'friend/of/many/' + place), ({ data }) => seen.push(data))`);
    await page.waitFor(`gate.state === 'live' && seen.at(-1) === 4`);
    assert.ok((await page.evaluate('gate.measureLatency()')) > 0);
    assert.deepEqual(page.problems.filter((problem) => !/status of 400/.test(problem)), []);
    await page.evaluate('gate.close()');
  });
}

test(`a page that is let in uses the browser's own means: methods, EventSource, tags and reasons of refusals`, async () => {
  await visit(friend.url);
  const answer = (path, init) => page.evaluate(`fetch('${gateway.url}${path}', ${JSON.stringify(init ?? {})}).then((answer) => answer.status)`);
  assert.equal(await answer('/topics/friend/own', { method: 'PUT', body: '7' }), 200);
  assert.equal(await page.evaluate(`fetch('${gateway.url}/topics/friend/own').then((answer) => answer.json()).then(({ data }) => data)`), 7);
  assert.equal(await answer('/publish', { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, body: '{"topic":"friend/own","data":8}\n' }), 200);
  assert.equal(await page.evaluate(`new Promise((tell) => new EventSource('${gateway.url}/sse?topics=friend/own').onmessage = ({ data }) => tell(JSON.parse(data).data))`), 8);
  const tag = await page.evaluate(`fetch('${gateway.url}/poll?topics=friend/own').then((answer) => answer.headers.get('ETag'))`);
  assert.match(tag, /^".+"$/);
  assert.equal(await answer('/poll?topics=friend/own&wait=0', { headers: { 'If-None-Match': tag, Prefer: 'wait=1' } }), 304);
  assert.equal(await answer('/topics/friend/own', { method: 'DELETE', headers: { Authorization: 'Bearer later' } }), 200);
  assert.equal(await page.evaluate(`fetch('${gateway.url}/topics/friend/own').then((answer) => answer.json()).then(({ code }) => code)`), 'not_found');
});

test(`a stranger's page reads nothing and publishes nothing`, async () => {
  await gateway.publish({ topic: 'secret/a', data: 1 });
  await visit(stranger.url);
  // Without CORS the browser sends it at once, and no page can see what became of it.
  const forged = { method: 'POST', mode: 'no-cors', headers: { 'Content-Type': 'text/plain' }, body: '{"topic":"secret/a","data":666}' };
  assert.equal(await outcome(`fetch('${gateway.url}/publish', ${JSON.stringify(forged)}).then(({ type }) => type)`), 'opaque');
  await page.evaluate(`new Promise((done) => {
    document.body.innerHTML = '<iframe name="frame"></iframe><form target="frame" method="post" enctype="text/plain" action="${gateway.url}/publish"></form>';
    const field = document.querySelector('form').appendChild(document.createElement('input'));
    [field.type, field.name, field.value] = ['hidden', '{"topic":"secret/a","data":"', '666"}'];
    document.querySelector('iframe').onload = done;
    document.querySelector('form').submit();
  })`);
  assert.equal(await openSocket('topics=**'), 'closed');
  for (const path of ['/topics/secret/a', '/poll?topics=**', '/sse?topics=**', '/stats', '/tidegate.js']) {
    assert.equal(await outcome(`fetch('${gateway.url}${path}').then(({ status }) => status)`), 'TypeError', path);
  }
  for (const method of ['PUT', 'DELETE']) {
    assert.equal(await outcome(`fetch('${gateway.url}/topics/secret/a', { method: '${method}', body: '666' }).then(({ status }) => status)`), 'TypeError', method);
  }
  assert.equal(await outcome(`new Promise((tell) => {
    const events = new EventSource('${gateway.url}/sse?topics=**');
    events.onopen = () => tell('open');
    events.onerror = () => tell(events.readyState);
  })`), 2);
  assert.equal(await outcome(`import('${gateway.url}/tidegate.js').then(() => 'imported')`), 'TypeError');
  const { version, data } = await (await fetch(`${gateway.url}/topics/secret/a`)).json();
  assert.deepEqual([version, data], [1, 1]);
});

test('a frame without an origin is a stranger too', async () => {
  await visit(friend.url);
  const script = `<script>fetch('${gateway.url}/topics').then(() => 'read', () => 'refused').then((said) => parent.postMessage(said, '*'))</script>`;
  assert.equal(await page.evaluate(`new Promise((tell) => {
    onmessage = ({ data, origin }) => tell([origin, data].join(' '));
    const frame = document.body.appendChild(document.createElement('iframe'));
    frame.sandbox = 'allow-scripts';
    frame.srcdoc = ${JSON.stringify(script)};
  })`), 'null refused');
});

test('a link from elsewhere opens the dashboard, and that is live', async () => {
  await visit(stranger.url);
  await page.evaluate(`document.body.innerHTML = '<a href="${gateway.url}/">prices</a>'`);
  await page.click('a');
  await page.waitFor(`document.querySelector('#state')?.dataset.state === 'live'`);
  assert.deepEqual(page.problems, []);
});

test('a page whose name was made to lead to the gateway is not answered', async () => {
  await gateway.publish({ topic: 'secret/b', data: 1 });
  const rebound = `http://rebound.example:${gateway.port}`;
  await visit(rebound);
  assert.match(await page.evaluate('document.body.innerText'), /"code":"misdirected"/);
  // To the browser it is the gateway's own page now.
  assert.equal(await page.evaluate('location.origin'), rebound);
  for (const path of ['/topics/secret/b', '/poll?topics=**', '/sse?topics=**', '/healthz']) {
    assert.equal(await outcome(`fetch('${path}').then(({ status }) => status)`), 421, path);
  }
  assert.equal(await outcome(`fetch('/topics/secret/b', { method: 'PUT', body: '666' }).then(({ status }) => status)`), 421);
  assert.equal(await outcome(`new Promise((tell) => {
    const socket = new WebSocket('ws://rebound.example:${gateway.port}/ws?topics=**');
    socket.onopen = () => tell('open');
    socket.onclose = () => tell('closed');
  })`), 'closed');
  assert.equal((await (await fetch(`${gateway.url}/topics/secret/b`)).json()).data, 1);
});
