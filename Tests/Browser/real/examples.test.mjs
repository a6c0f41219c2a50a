// Each example is opened, and its values move.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Chromium } from './chromium.mjs';
import { startGateway } from './gateway.mjs';

let chromium;
let gateway;
let page;

before(async () => {
  [chromium, gateway] = await Promise.all([Chromium.open(), startGateway({ feeds: ['market'] })]);
});
after(async () => {
  await chromium?.close();
  await gateway?.stop();
});
afterEach(async () => {
  assert.deepEqual(page.problems, []);
  await page.close();
});

for (const name of ['websocket', 'event-source', 'long-poll', 'library']) {
  test(`${name}.html shows prices that move`, async () => {
    page = await chromium.newPage();
    await page.goTo(`${gateway.url}/examples/${name}.html`);
    const shown = `document.querySelector('#values').textContent`;
    await page.waitFor(`${shown}.split('\\n').length === 50`);
    const before = await page.evaluate(shown);
    assert.match(before, /^(sim\/[A-Z.]+  [\d.]+\n?){50}$/);
    await page.waitFor(`${shown} !== ${JSON.stringify(before)}`);
    await gateway.publish({ topic: 'sim/ZZZ', data: { last: 1.5 } });
    await page.waitFor(`${shown}.endsWith('sim/ZZZ  1.5')`);
    await fetch(`${gateway.url}/topics/sim/ZZZ`, { method: 'DELETE' });
    await page.waitFor(`!${shown}.includes('ZZZ')`);
  });
}
