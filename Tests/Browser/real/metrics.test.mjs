// Metrics are not prices: what is measured, with its unit, without red and green; and columns that nobody has are not there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chromium } from './chromium.mjs';
import { tooFaint } from './contrast.mjs';
import { gateway, isLive, last, newPage, page, stage, text } from './stage.mjs';

stage(Chromium, { feeds: ['host', 'market'] });

async function open(query, options) {
  await newPage(options);
  await page.goTo(`${gateway.url}/${query}`);
  await page.waitFor(isLive);
}

const columns = `[...document.querySelectorAll('#table-head .cell')].filter((cell) => cell.checkVisibility()).map((cell) => cell.dataset.column).join()`;
const cell = (topic, name) => `(() => { const cell = document.querySelector('.row[data-topic="${topic}"] .${name}'); return cell?.checkVisibility() ? cell.textContent.replaceAll('\\u00a0', ' ') : null; })()`;
/** Cells, texts and lines in a colour that is a price's. */
const priced = `(() => {
  const probe = document.body.appendChild(document.createElement('i'));
  const colors = ['up', 'down', 'flash-up', 'flash-down'].map((name) => { probe.style.color = 'var(--' + name + ')'; return getComputedStyle(probe).color; });
  probe.remove();
  return [...document.querySelectorAll('.rows .row *, .quote *, .gauges *')].filter((box) => { const { color, backgroundColor, stroke } = getComputedStyle(box); return [color, backgroundColor, stroke].some((used) => colors.includes(used)); }).map((box) => box.className);
})()`;

for (const theme of ['dark', 'light']) {
  test(`${theme}: the machine's figures say what they measure and in what unit, and nothing of them is red or green`, async () => {
    await open('?watch=host/**&topic=host/cpu/total', { theme, width: 1440, height: 900 });
    await page.waitFor(`/^[\\d.]+ %$/.test(${cell('host/cpu/total', 'last')}) && ${cell('host/cpu/total', 'measure')} === 'busyPercent'`);
    await page.waitFor(`/^[\\d.]+ [kMG]?B\\/s$/.test(${cell('host/net/lo', 'last')}) && /^[\\d.]+ (min|h|d)$/.test(${cell('host/uptime', 'last')})`);
    await page.waitFor(`/^[\\d.]+ %$/.test(${text('#chart-price')}.replaceAll('\\u00a0', ' ')) && ${text('#chart-move')} === 'busyPercent' && ${text('#fact-userPercent')}`);
    assert.equal(await page.evaluate(columns), 'topic,trend,last,measure,age,conflated');
    await page.waitFor(`document.querySelector('.rows [data-flash="moved"]')`);
    assert.deepEqual(await page.evaluate(priced), []);
    assert.deepEqual(await page.evaluate(tooFaint), []);
  });
}

test('columns come with the first topic that has what they show, and go with the last', async () => {
  await gateway.publish({ topic: 'mix/metric', data: { loadPercent: 12.5, note: 'x' } });
  await open('?watch=mix/*', { width: 1920, height: 1080 });
  await page.waitFor(`${columns} === 'topic,trend,last,measure,age,conflated'`);
  await gateway.publish({ topic: 'mix/price', data: { price: 2 } }, { topic: 'mix/price', data: { price: 1.5 } });
  await page.waitFor(`${columns} === 'topic,trend,last,change,percent,age,conflated' && ${cell('mix/price', 'last')} === '1.5'`);
  assert.deepEqual(await page.evaluate(`[${cell('mix/metric', 'measure')}, ${cell('mix/metric', 'change')}, ${cell('mix/price', 'measure')}]`), ['loadPercent', null, null]);
  await gateway.publish({ topic: 'mix/quote', data: { last: 1, bid: 0.5, ask: 1.5, volume: 7 } });
  await page.waitFor(`${columns} === 'topic,trend,last,change,percent,bid,ask,volume,age,conflated'`);
  await gateway.publish({ topic: 'mix/text', data: 'a text that has the room of all prices' });
  await page.waitFor(`${last('mix/text')}?.startsWith('a text')`);
  for (const name of ['quote', 'price', 'text']) await fetch(`${gateway.url}/topics/mix/${name}`, { method: 'DELETE' });
  await page.waitFor(`${columns} === 'topic,trend,last,measure,age,conflated'`);
});

test('tiny and huge numbers stay readable', async () => {
  await gateway.publishText('size/tiny', '{"last":0.00000000123}');
  await gateway.publishText('size/huge', '{"last":123456789012345678901234567890123}');
  await gateway.publishText('size/share', '{"errorPercent":0.00000000123}');
  await open('?watch=size/*&topic=size/huge', { width: 1440, height: 900 });
  await page.waitFor(`[${['tiny', 'huge', 'share'].map((name) => cell(`size/${name}`, 'last')).join()}].join() === '1.23e-9,1.234567…e32,1.23e-9 %'`);
  assert.equal(await page.evaluate(text('#chart-price')), '123456789012345678901234567890123', 'beside the chart it is whole');
});

for (const [width, height] of [[390, 844], [844, 390], [1280, 860], [1440, 900], [1920, 1080]]) {
  test(`${width} pixels wide no figure is cut, and names have the room that there is`, async () => {
    await gateway.publish({ topic: 'stocks/ACME', data: { price: 189.3 } });
    for (const query of ['?watch=host/**', '?watch=stocks/*,host/**', '?watch=stocks/*', '?watch=sim/*']) {
      await open(query, { width, height });
      await page.waitFor(`document.querySelectorAll('.rows .row:not([hidden])').length > ${/host|sim/.test(query) ? 5 : 0}`);
      await page.waitFor(`document.querySelector('#table').style.getPropertyValue('--name-digits') > 0`);
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
      const parts = width < 800 ? '.last, .change, .percent' : '.last, .change, .percent, .name, .family, .path';
      const cut = await page.evaluate(`[...document.querySelectorAll('.rows .row:not([hidden]) :is(${parts})')].filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1).map((box) => box.className + ' ' + box.textContent)`);
      assert.deepEqual(cut, [], query);
      await page.close();
    }
    await newPage();
  });
}
