// What both browsers have to show: a topic that goes stale, and comes back.
import assert from 'node:assert/strict';
import { gateway, last, newPage, open, page } from './stage.mjs';

/** For the gateway of such a test. What is below `brief/` has a time to live where its publisher gives it one. */
export const rules = { stale: [{ pattern: 'old/**', seconds: 0.5 }] };

/** The library by a transport: each value once, and once more when it is stale. */
export async function libraryTells(transport) {
  const topic = `old/library/${transport}`;
  await gateway.publish({ topic, data: 1 });
  await newPage();
  await page.goTo(`${gateway.url}/examples/library.html`);
  await page.evaluate(`import('/tidegate.js').then(({ Tidegate }) => {
    Object.assign(window, { gate: new Tidegate('/', { transport: '${transport}' }), told: [] });
    gate.subscribe('${topic}', ({ version, time, stale, at }) => told.push([version, stale >= time + 500, at ?? null]), { stale: true });
  })`);
  await page.waitFor(`told.length === 2`);
  await page.evaluate(`gate.reconnect()`);
  await page.waitFor(`gate.state === 'live'`);
  await gateway.publish({ topic, data: 2, at: 7 });
  await page.waitFor(`told.length === 4`);
  assert.deepEqual(await page.evaluate('told'), [[1, false, null], [1, true, null], [2, false, 7], [2, true, 7]]);
  await page.evaluate(`gate.close()`);
}

/** The dashboard by a transport: the row is grey until the next value comes, and so is the head of the chart. */
export async function dashboardShows(transport) {
  const topic = `old/page/${transport}`;
  await gateway.publish({ topic, data: { last: 1.25, bid: 1.24 } }, { topic, data: { last: 1.5, bid: 1.49 } });
  await open(`?watch=${topic}&topic=${topic}&transport=${transport}`);
  const row = `document.querySelector('.row[data-topic="${topic}"]')`;
  const isGrey = `${row}?.classList.contains('shows-stale') && document.querySelector('#quote').classList.contains('shows-stale')`;
  await page.waitFor(isGrey);
  const looks = await page.evaluate(`[${row}.title, document.querySelector('#chart-stale').textContent, document.documentElement.classList.contains('is-stale')]`);
  assert.match(looks[0], /^stale since \d\d:\d\d:\d\d$/);
  assert.deepEqual(looks.slice(1), [looks[0], false]);
  await page.evaluate(`new MutationObserver(() => (window.seen ??= []).push(${row}.title)).observe(${row}, { attributeFilter: ['class'] })`);
  await gateway.publish({ topic, data: { last: 1.75, bid: 1.74 } });
  await page.waitFor(`${last(topic)} === '1.75' && window.seen?.[0] === ''`);
  await page.waitFor(isGrey);
}
