// The same page in the other engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Firefox } from './firefox.mjs';
import { dashboardShows, libraryTells, rules } from './staleness.mjs';
import { gateway, isLive, last, newPage, open, page, stage, text } from './stage.mjs';

stage(Firefox, { feeds: ['market', 'host'], rules });

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

for (const transport of ['ws', 'sse', 'poll']) {
  test(`in Firefox 10,000 names are one subscription by ${transport}, and values are as they came`, async () => {
    const raw = '{"id":8389766036995847940,"px":0.1000000000000000055511}';
    await gateway.publishText(`many/${transport}/9999`, raw);
    await newPage();
    await page.goTo(`${gateway.url}/examples/library.html`);
    await page.evaluate(`import('/tidegate.js').then(({ Tidegate }) => {
      window.gate = new Tidegate('/', { transport: '${transport}' });
      gate.subscribe(Array.from({ length: 10000 }, (_, place) => 'many/${transport}/' + place), () => {});
    })`);
    await page.waitFor(`gate.state === 'live'`);
    assert.equal(await page.evaluate(`gate.get('many/${transport}/9999').text`), raw);
    await gateway.publishText(`many/${transport}/0`, '1.10');
    await page.waitFor(`gate.get('many/${transport}/0')?.text === '1.10'`);
  });
}

test('in Firefox the digits shown are those that came', async () => {
  await gateway.publishText('digits/a', '8389766036995847940');
  await gateway.publishText('digits/b', '0.1000000000000000055511');
  await open('?watch=digits/*&topic=digits/a');
  await page.waitFor(`${last('digits/a')} === '8389766036995847940' && ${last('digits/b')} === '0.1000000000000000055511' && ${text('#chart-price')} === '8389766036995847940'`);
});

for (const transport of ['ws', 'sse', 'poll']) {
  test(`in Firefox a topic goes stale and comes back by ${transport}, to a script and on the page`, async () => {
    await libraryTells(transport);
    await page.close();
    await dashboardShows(transport);
  });
}
