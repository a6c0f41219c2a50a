// The page's looks, and its use without eyes: widths, contrast, focus, roles, requests.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chromium } from './chromium.mjs';
import { tooFaint } from './contrast.mjs';
import { gateway, newPage, page, stage } from './stage.mjs';

stage(Chromium, { feeds: ['market', 'host'] });

async function open(options, query = '?watch=sim/*,host/**') {
  await newPage(options);
  const asked = [];
  const told = page.told.bind(page);
  page.told = (event) => {
    if (event.method === 'Network.requestWillBeSent') asked.push(event.params.request.url);
    told(event);
  };
  await page.goTo(`${gateway.url}/${query}`);
  await page.waitFor(`document.querySelectorAll('#rows .row:not([hidden])').length > 5 && document.querySelectorAll('.gauge').length > 2`);
  return asked;
}

for (const theme of ['dark', 'light']) {
  test(`${theme}: every text has the contrast it needs, also when it flashes and when it is out of date`, async () => {
    await open({ theme });
    assert.equal(await page.evaluate('document.documentElement.dataset.theme'), theme);
    await page.waitFor(`document.querySelector('[data-flash="up"], [data-flash="down"]')`);
    assert.deepEqual(await page.evaluate(tooFaint), []);
    await page.evaluate(`document.documentElement.classList.add('is-stale'), document.querySelector('#notice').hidden = false`);
    assert.deepEqual(await page.evaluate(`document.querySelector('#notice-text').textContent = 'Not live.', ${tooFaint}`), []);
  });
}

for (const [width, height] of [[360, 740], [768, 1024], [1440, 900], [3840, 2160]]) {
  test(`${width} pixels wide nothing sticks out, and no price is cut`, async () => {
    await open({ width, height }, '?watch=sim/*');
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
    const cut = await page.evaluate(`[...document.querySelectorAll('.row:not(.head) :is(.name, .last, .change, .percent, .bid, .ask), .meters dd, .facts dd, .gauge .text, .segments span, .pill')]
      .filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1).map((box) => box.className + ' ' + box.textContent)`);
    assert.deepEqual(cut, []);
    const size = await page.evaluate(`parseFloat(getComputedStyle(document.querySelector('.rows .last')).fontSize)`);
    assert.ok(size >= (width >= 3840 ? 17 : 13), `prices are ${size} pixels high`);
  });
}

test('nothing is asked of anybody else', async () => {
  const asked = await open();
  assert.ok(asked.length >= 15);
  assert.deepEqual(asked.filter((url) => new URL(url).host !== new URL(gateway.url).host && !url.startsWith('data:')), []);
});

test('all that can be used is reached by Tab, and shows that it is', async () => {
  await open({}, '?watch=sim/*');
  const reached = new Set();
  for (let step = 0; step < 40; step += 1) {
    await page.press('Tab');
    const { name, isMarked } = await page.evaluate(`(() => {
      const active = document.activeElement;
      const shown = [active, active.nextElementSibling, active.closest('.table-panel'), active.closest('.watch')].filter(Boolean).map((box) => getComputedStyle(box));
      const accent = getComputedStyle(document.querySelector('.pace output')).color;
      return { name: active.id || active.ariaLabel || active.value || active.textContent, isMarked: active === document.body
        || shown.some((style) => (style.outlineStyle !== 'none' && style.outlineColor === accent) || style.borderTopColor === accent) };
    })()`);
    reached.add(name);
    assert.ok(isMarked, `${name} does not show that it has the focus`);
  }
  for (const name of ['pattern', 'state', 'share', 'theme', 'chart', 'follow', 'table', 'pace', 'auto', 'Stop watching sim/*', '30 s', 'Last']) {
    assert.ok(reached.has(name), `${name} among ${[...reached]}`);
  }
});

test('a screen reader finds names, roles and states, and is not talked over by prices', async () => {
  await open({}, '?watch=sim/*&topic=sim/ATET');
  await page.waitFor(`document.querySelector('.row[aria-selected="true"]')?.dataset.topic === 'sim/ATET'`);
  await page.send('Accessibility.enable');
  const { nodes } = await page.send('Accessibility.getFullAXTree');
  const seen = nodes.filter(({ ignored }) => !ignored).map(({ role, name, properties = [], value }) => ({
    role: role?.value, name: name?.value ?? '', value: value?.value, ...Object.fromEntries(properties.map((property) => [property.name, property.value.value])),
  }));
  const find = (role, name) => seen.find((node) => node.role === role && (name instanceof RegExp ? name.test(node.name) : node.name === name));
  for (const [role, name] of [
    ['region', 'Watch list'], ['region', 'Connection'], ['region', 'This host'], ['grid', 'Watch list'], ['columnheader', /^Topic/], ['textbox', 'Add a topic or pattern'],
    ['button', 'Stop watching sim/*'], ['button', /^live/], ['group', 'Transport'], ['radio', 'Long poll'], ['slider', 'Pace'], ['meter', 'CPU'], ['gridcell', 'sim/ATET, simulated'],
    ['image', /^Chart of/], ['heading', 'sim/ATET simulated'],
  ]) {
    assert.ok(find(role, name), `there is no ${role} ${name} among ${seen.filter((node) => node.role === role).map((node) => node.name)}`);
  }
  assert.equal(await page.evaluate(`document.querySelector('#pace').ariaValueText`), 'full speed');
  assert.equal(find('row', /sim\/ATET/).selected, true);
  assert.equal(find('radio', 'Auto').checked, 'true');
  const nameless = seen.filter(({ role, name }) => ['button', 'radio', 'slider', 'textbox', 'meter', 'grid', 'image', 'link'].includes(role) && !name);
  assert.deepEqual(nameless, []);
  const live = await page.evaluate(`[...document.querySelectorAll('output, [aria-live], [role="status"], [role="alert"]')].filter((box) => box.ariaLive !== 'off').map((box) => box.id)`);
  assert.deepEqual(live.sort(), ['announcement', 'pattern-fault']);
});

test('the row that the table points out is the chosen one, or none while it is out of view', async () => {
  await open({}, '?watch=sim/*');
  const pointed = `document.getElementById(document.querySelector('#table').getAttribute('aria-activedescendant'))?.dataset.topic`;
  await page.evaluate(`document.querySelector('#table').focus()`);
  await page.press('Home');
  await page.waitFor(`${pointed} === document.querySelector('.row[aria-rowindex="2"]').dataset.topic`);
  await page.evaluate(`document.querySelector('#table').scrollTop = 1e6`);
  await page.waitFor(`!document.querySelector('#table').hasAttribute('aria-activedescendant')`);
  await page.press('End');
  await page.waitFor(`${pointed} === ${`document.querySelector('#chart-topic').textContent`}`);
});

test('the theme follows the system while none was chosen, under way as well', async () => {
  await open({ theme: 'dark' });
  const theme = 'document.documentElement.dataset.theme';
  const system = (value) => page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] });
  await system('light');
  await page.waitFor(`${theme} === 'light'`);
  await page.click('#theme');
  await page.waitFor(`${theme} === 'dark'`);
  await system('dark');
  await system('light');
  await page.evaluate('new Promise(requestAnimationFrame)');
  assert.equal(await page.evaluate(theme), 'dark');
});
