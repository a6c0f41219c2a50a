// A page of another origin shows by TLS who it is: by ticket, by token (the first message of a WebSocket), by cookie; over all transports, and again when that is over.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import https from 'node:https';
import { after, before, test } from 'node:test';
import { Authority } from './authority.mjs';
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

let authority;
let gateway;
let site;

/** The page's own server: it knows its users, and has the gateway's key. */
async function startSite() {
  const counts = { ticket: 0, token: 0, cookie: 0 };
  const server = https.createServer(authority.pair, async ({ url }, response) => {
    if (url === '/ticket') {
      counts.ticket += 1;
      const answer = await fetch(`${gateway.url}/tickets`, { method: 'POST', headers: { Authorization: `Bearer ${token(2)}` } });
      return response.end((await answer.json()).ticket);
    }
    if (url === '/token') {
      counts.token += 1;
      return response.end(token(2));
    }
    response.setHeader('Content-Type', 'text/html');
    if (url === '/cookie') {
      counts.cookie += 1;
      // Cookies know no ports: this one goes to the gateway as well.
      response.setHeader('Set-Cookie', `tide=${token(4)}; Secure; HttpOnly; SameSite=Lax`);
    }
    return response.end('<!doctype html><title>a site</title>');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `https://127.0.0.1:${server.address().port}`, counts, stop: () => server.closeAllConnections() ?? server.close() };
}

before(async () => {
  authority = new Authority();
  site = await startSite();
  gateway = await startGateway({
    authority,
    access: { anonymous: {}, origins: [site.url], cookie: 'tide', keys: [JSON.parse(entry)], tokens: { leeway: 0, issuers: [{ algorithms: ['HS256'], secret: 'env:ACCESS_TEST_SECRET' }] } },
  });
});
after(async () => {
  site?.stop();
  await gateway?.stop();
  authority?.remove();
});

async function publish(data) {
  const answer = await fetch(`${gateway.url}/topics/a/1`, { method: 'PUT', headers: { Authorization: `Bearer ${key}` }, body: JSON.stringify(data) });
  assert.equal(answer.status, 200);
}

/** What of the page's options shows who it is, and where the page is. */
const proofs = {
  ticket: { path: '/', options: `ticket: async () => (await fetch('/ticket')).text()` },
  token: { path: '/', options: `token: async () => (await fetch('/token')).text()` },
  // The page has it renewed in time.
  cookie: { path: '/cookie', options: `credentials: (setInterval(() => fetch('/cookie'), 500), 'include')` },
};

for (const Browser of [Chromium, Firefox]) {
  for (const [proof, { path, options }] of Object.entries(proofs)) {
    test(`${Browser.name}: by ${proof}, over all transports, and on when it is over`, async (t) => {
      const browser = await Browser.open(authority);
      t.after(() => browser.close());
      const page = await browser.newPage();
      for (const transport of ['ws', 'sse', 'poll']) {
        await publish(0);
        await page.goTo(`${site.url}${path}`);
        await page.evaluate(`Promise.all([import('${gateway.secureURL}/tidegate.js'), fetch('${path}')]).then(([{ Tidegate }]) => {
          const gate = new Tidegate('${gateway.secureURL}', { transport: '${transport}', ${options} });
          Object.assign(window, { gate, seen: [] });
          gate.subscribe('a/*', ({ data }) => seen.push(data));
        })`);
        await page.waitFor(`gate.state === 'live' && seen.at(-1) === 0`);
        assert.equal(await page.evaluate('gate.transport'), transport);
        // Its token ends meanwhile, or that of its ticket's maker, or the cookie's: the gateway goes on with the next.
        const last = site.counts[proof] + (proof === 'cookie' ? 10 : 1);
        let data = 0;
        do {
          data += 1;
          await publish(data);
          await page.waitFor(`seen.at(-1) === ${data}`);
        } while (site.counts[proof] < last);
        await publish('after');
        await page.waitFor(`seen.at(-1) === 'after' && gate.state === 'live'`);
        assert.deepEqual(await page.evaluate('new Set(seen).size === seen.length'), true);
        await page.evaluate('gate.close()');
      }
    });
  }
}

test('a page of another site has no use of the cookie', async (t) => {
  const browser = await Chromium.open(authority);
  t.after(() => browser.close());
  const stranger = await startSite();
  t.after(() => stranger.stop());
  const page = await browser.newPage();
  const open = () => page.evaluate(`new Promise((tell) => {
    const socket = new WebSocket('${gateway.secureURL.replace('https', 'wss')}/ws?topics=a/*');
    socket.onopen = () => tell('open');
    socket.onclose = () => tell('closed');
  })`);
  await page.goTo(`${site.url}/cookie`);
  assert.equal(await open(), 'open');
  await page.goTo(stranger.url);
  assert.equal(await open(), 'closed');
  assert.equal(await page.evaluate(`fetch('${gateway.secureURL}/topics?match=a/*', { credentials: 'include' }).catch((error) => error.name)`), 'TypeError');
});
