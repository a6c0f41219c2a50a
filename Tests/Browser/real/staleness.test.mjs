// Values that grow old, in Chromium before a gateway that says so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chromium } from './chromium.mjs';
import { tooFaint } from './contrast.mjs';
import { dashboardShows, libraryTells, rules } from './staleness.mjs';
import { gateway, last, newPage, open, page, stage, text } from './stage.mjs';

stage(Chromium, { rules });

for (const transport of ['ws', 'sse', 'poll']) {
  test(`by ${transport} a topic goes stale and comes back, to a script and on the page`, async () => {
    await libraryTells(transport);
    await page.close();
    await dashboardShows(transport);
  });
}

for (const theme of ['dark', 'light']) {
  test(`${theme}: what is stale is dim, its neighbour is not, and all of it can be read`, async () => {
    await gateway.publish({ topic: 'old/a', data: { last: 1.25, bid: 1, ask: 2, change: 1 } }, { topic: 'new/b', data: { last: 1.25, bid: 1, ask: 2, change: 1 } });
    await newPage({ theme });
    await page.goTo(`${gateway.url}/?watch=old/a,new/b&topic=old/a`);
    await page.waitFor(`document.querySelector('.row[data-topic="old/a"].shows-stale') && ${last('new/b')} === '1.25'`);
    const colours = (topic) => page.evaluate(`(() => {
      const cells = document.querySelectorAll('.row[data-topic="${topic}"] :is(.name, .last, .bid, .change, .percent)');
      return [...new Set([...cells].map((cell) => getComputedStyle(cell).color))];
    })()`);
    assert.equal((await colours('old/a')).length, 1);
    assert.ok((await colours('new/b')).length > 1);
    assert.ok(!(await colours('new/b')).includes((await colours('old/a'))[0]));
    assert.deepEqual(await page.evaluate(tooFaint), []);
  });
}

test('a topic whose time to live is over leaves the table, and the page says why', async () => {
  await gateway.publish({ topic: 'brief/a', data: 1 }, { topic: 'brief/a', data: 2 });
  await open('?watch=brief/*&topic=brief/a');
  await page.waitFor(`${last('brief/a')} === '2'`);
  await gateway.publish({ topic: 'brief/a', data: 3, ttl: 0.1 });
  await page.waitFor(`/has expired/.test(${text('#chart-empty')}) && !document.querySelector('.row[data-topic="brief/a"]:not([hidden])')`);
});

test('an age counts from the moment that the publisher names', async () => {
  await gateway.publish({ topic: 'new/at', data: 1, at: Date.now() - 7_200_000 });
  await open('?watch=new/at');
  await page.waitFor(`document.querySelector('.row[data-topic="new/at"] .age')?.textContent === '2 h'`);
});
