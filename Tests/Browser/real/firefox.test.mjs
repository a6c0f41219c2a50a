// The same page in the other engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Firefox } from './firefox.mjs';
import { gateway, isLive, last, open, page, stage, text } from './stage.mjs';

stage(Firefox, { feeds: ['market', 'host'] });

test('in Firefox values move, in table, chart and gauges, and nothing is complained of', async () => {
  await open('?watch=sim/*');
  const topic = await page.waitFor(`document.querySelector('.row[aria-selected="true"]')?.dataset.topic`);
  const before = await page.evaluate(last(topic));
  await page.waitFor(`${last(topic)} !== ${JSON.stringify(before)}`);
  await page.waitFor(`document.querySelectorAll('.gauge[aria-valuenow]').length >= 2`);
  await page.waitFor(`document.querySelector('#chart-empty').hidden`);
  if (process.env.SCREENSHOT) await page.screenshot(process.env.SCREENSHOT);
});

for (const [name, shown] of [['ws', 'WebSocket'], ['sse', 'Event stream'], ['poll', 'Long poll']]) {
  test(`in Firefox the last value is right by ${shown}`, async () => {
    await open(`?watch=fox-${name}/*&transport=${name}`);
    assert.equal(await page.evaluate(text('#transport-name')), shown);
    await gateway.publish(...Array.from({ length: 2000 }, (_, place) => ({ topic: `fox-${name}/${place % 4}`, data: { last: place + 0.25 } })));
    for (const rest of [0, 1, 2, 3]) await page.waitFor(`${last(`fox-${name}/${rest}`)} === '199${6 + rest}.25'`);
  });
}

test('in Firefox transports switch under way, and keys work', async () => {
  await gateway.publish({ topic: 'switch/a', data: 1.5 }, { topic: 'switch/b', data: 2.5 });
  await open('?watch=switch/*&topic=switch/a');
  for (const [place, transport] of ['sse', 'poll', 'ws', 'auto'].entries()) {
    await page.click(`#transports input[value="${transport}"] + span`);
    await gateway.publish({ topic: 'switch/a', data: 10.5 + place });
    await page.waitFor(`${last('switch/a')} === '${10.5 + place}' && ${isLive}`);
  }
  await page.evaluate(`document.querySelector('#table').focus()`);
  await page.press('ArrowDown');
  await page.waitFor(`${text('#chart-topic')} === 'switch/b'`);
  await page.press('/', ...'other', 'Enter');
  await page.waitFor(`location.search.includes('watch=switch/*,other')`);
});
