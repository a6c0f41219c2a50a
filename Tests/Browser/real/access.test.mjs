// A page of another origin shows who it is: by ticket, by token (the first message of a WebSocket), by cookie; over all transports, and again when that is over.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Chromium } from './chromium.mjs';
import { Firefox } from './firefox.mjs';
import { startGateway } from './gateway.mjs';

const secret = randomBytes(32).toString('hex');
process.env.ACCESS_TEST_SECRET = secret;
const [key, entry] = execFileSync(process.env.TIDEGATE ?? '.build/debug/tidegate', ['key', 'site', '--subscribe', 'a/*', '--publish', 'a/*', '--operate']).toString().trim().split('\n');

/** A token of so many seconds. */
function token(seconds) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256' })}.${part({ sub: 'ann', exp: Date.now() / 1000 + seconds, tidegate: { subscribe: ['a/*'] } })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

let gateway;
let site;

/** The page's own server: it knows its users, and has the gateway's key. */
async function startSite() {
  const counts = { tickets: 0, tokens: 0 };
  const server = http.createServer(async ({ url }, response) => {
    if (url === '/ticket') {
      counts.tickets += 1;
      const answer = await fetch(`${gateway.url}/tickets`, { method: 'POST', headers: { Authorization: `Bearer ${token(2)}` } });
      return response.end((await answer.json()).ticket);
    }
    if (url === '/token') {
      counts.tokens += 1;
      return response.end(token(2));
    }
    response.setHeader('Content-Type', 'text/html');
    // Cookies know no ports: this one goes to the gateway as well.
    response.setHeader('Set-Cookie', url === '/cookie' ? `tide=${key}; HttpOnly; SameSite=Lax` : []);
    return response.end('<!doctype html><title>a site</title>');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${server.address().port}`, counts, stop: () => server.close() };
}

before(async () => {
  site = await startSite();
  gateway = await startGateway({
    access: { anonymous: {}, origins: [site.url], cookie: 'tide', keys: [JSON.parse(entry)], tokens: { leeway: 0, issuers: [{ algorithms: ['HS256'], secret: 'env:ACCESS_TEST_SECRET' }] } },
  });
});
after(async () => {
  site?.stop();
  await gateway?.stop();
});

async function publish(data) {
  const answer = await fetch(`${gateway.url}/topics/a/1`, { method: 'PUT', headers: { Authorization: `Bearer ${key}` }, body: JSON.stringify(data) });
  assert.equal(answer.status, 200);
}

/** What of the page's options shows who it is, and where the page is. */
const proofs = {
  ticket: { path: '/', options: `ticket: async () => (await fetch('/ticket')).text()` },
  token: { path: '/', options: `token: async () => (await fetch('/token')).text()` },
  cookie: { path: '/cookie', options: `credentials: 'include'` },
};

for (const Browser of [Chromium, Firefox]) {
  for (const [proof, { path, options }] of Object.entries(proofs)) {
    test(`${Browser.name}: by ${proof}, over all transports, and on when it is over`, async (t) => {
      const browser = await Browser.open();
      t.after(() => browser.close());
      const page = await browser.newPage();
      for (const transport of ['ws', 'sse', 'poll']) {
        await publish(0);
        await page.goTo(`${site.url}${path}`);
        await page.evaluate(`import('${gateway.url}/tidegate.js').then(({ Tidegate }) => {
          const gate = new Tidegate('${gateway.url}', { transport: '${transport}', ${options} });
          Object.assign(window, { gate, seen: [], ends: 0 });
          gate.on('stale', () => (window.ends += 1));
          gate.subscribe('a/*', ({ data }) => seen.push(data));
        })`);
        await page.waitFor(`gate.state === 'live' && seen.at(-1) === 0`);
        assert.equal(await page.evaluate('gate.transport'), transport);
        // Its token of two seconds ends meanwhile, or its ticket's does: the gateway goes on with the next.
        const shown = site.counts.tickets + site.counts.tokens;
        const isBrief = proof !== 'cookie';
        for (let data = 1; isBrief ? site.counts.tickets + site.counts.tokens < shown + 1 : data < 20; data += 1) {
          await publish(data);
          await page.waitFor(`seen.at(-1) === ${data}`);
        }
        await page.waitFor(`gate.state === 'live'`);
        await page.evaluate('gate.close()');
      }
    });
  }
}

test('a page of another site has no use of the cookie', async (t) => {
  const browser = await Chromium.open();
  t.after(() => browser.close());
  const stranger = await startSite();
  t.after(() => stranger.stop());
  const page = await browser.newPage();
  await page.goTo(`${site.url}/cookie`);
  await page.goTo(stranger.url);
  const outcome = await page.evaluate(`new Promise((tell) => {
    const socket = new WebSocket('ws://127.0.0.1:${gateway.port}/ws?topics=a/*');
    socket.onopen = () => tell('open');
    socket.onclose = () => tell('closed');
  })`);
  assert.equal(outcome, 'closed');
  assert.equal(await page.evaluate(`fetch('${gateway.url}/topics?match=a/*', { credentials: 'include' }).catch((error) => error.name)`), 'TypeError');
});
