/** The tests of the page share one browser and one gateway. Each test has a page, which must not report a problem. */
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { startGateway } from './gateway.mjs';

export let browser;
export let gateway;
export let page;

/**
 * @param {{open: () => Promise<any>}} Browser
 * @param {object} [options]
 * @param {string[]} [options.feeds] of the gateway
 * @param {Record<string, object[]>} [options.rules] of the gateway, for topics
 * @param {'problems' | 'faults'} [options.without] what a page must not have reported at its end: any problem, or errors only
 */
export function stage(Browser, { feeds = [], rules, without = 'problems' } = {}) {
  before(async () => {
    [browser, gateway] = await Promise.all([Browser.open(), startGateway({ feeds, rules })]);
  });
  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });
  afterEach(async () => {
    assert.deepEqual(page[without], []);
    await page.close();
  });
}

/** @param {object} [options] */
export async function newPage(options) {
  page = await browser.newPage(options);
  return page;
}

/** Opens the dashboard and waits until it is live. */
export async function open(query = '') {
  await newPage();
  await page.goTo(`${gateway.url}/${query}`);
  await page.waitFor(isLive);
}

export const last = (topic) => `document.querySelector('.row[data-topic="${topic}"] .last')?.textContent`;
export const text = (selector) => `document.querySelector('${selector}').textContent`;
export const isLive = `document.querySelector('#state').dataset.state === 'live'`;
