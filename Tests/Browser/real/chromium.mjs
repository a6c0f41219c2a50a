/** Headless Chromium, driven by the DevTools protocol over two pipes: no package, no port. */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Longer than any step on a busy machine; every wait is for a condition. */
const patienceMilliseconds = 30_000;

export class Chromium {
  #process;
  #profile;
  #lastID = 0;
  #rest = '';
  #waiting = new Map();
  #listeners = new Map();

  /** @param {import('./authority.mjs').Authority} [authority] whose certificates it believes, too */
  static async open(authority) {
    const chromium = new Chromium(authority);
    await chromium.send('Browser.getVersion');
    return chromium;
  }

  constructor(authority) {
    this.#profile = mkdtempSync(join(tmpdir(), 'tidegate-chromium-'));
    authority?.enterInto(join(this.#profile, '.pki', 'nssdb'));
    const flags = [
      '--headless', '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--hide-scrollbars',
      // Names that lead to this machine without being its own, as a hostile name server has them.
      '--host-resolver-rules=MAP *.example 127.0.0.1',
      '--disable-background-networking', '--disable-component-update', '--disable-extensions', '--mute-audio', `--user-data-dir=${this.#profile}`,
    ];
    this.#process = spawn(process.env.CHROMIUM ?? 'chromium', [...flags, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, HOME: this.#profile } });
    this.#process.stdio[4].setEncoding('utf8').on('data', (text) => this.#received(text));
    this.#process.on('exit', () => {
      for (const { fail, method } of this.#waiting.values()) fail(new Error(`Chromium ended before it answered ${method}`));
    });
  }

  /** @param {string} method @param {object} [parameters] @param {string} [session] */
  send(method, parameters = {}, session = undefined) {
    this.#lastID += 1;
    const id = this.#lastID;
    this.#process.stdio[3].write(`${JSON.stringify({ id, method, params: parameters, sessionId: session })}\0`);
    return new Promise((settle, fail) => this.#waiting.set(id, { settle, fail, method }));
  }

  /** A page in a profile of its own: it shares no state with others. */
  async newPage({ width = 1280, height = 860, theme = 'dark' } = {}) {
    const { browserContextId } = await this.send('Target.createBrowserContext');
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', browserContextId, width, height });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page((method, parameters) => this.send(method, parameters, sessionId));
    this.#listeners.set(sessionId, (event) => page.told(event));
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.send(`${domain}.enable`);
    await page.resize(width, height);
    await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: theme }] });
    page.close = () => this.send('Target.disposeBrowserContext', { browserContextId });
    return page;
  }

  async close() {
    await endGroup(this.#process);
    await removeProfile(this.#profile);
  }

  /** @param {string} text messages, each ended by a null character */
  #received(text) {
    const messages = (this.#rest + text).split('\0');
    this.#rest = messages.pop();
    for (const { id, result, error, sessionId, method, params } of messages.map((message) => JSON.parse(message))) {
      if (id === undefined) {
        this.#listeners.get(sessionId)?.({ method, params });
        continue;
      }
      const { settle, fail, method: asked } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) fail(new Error(`${asked}: ${error.message}`));
      else settle(result);
    }
  }
}

/** A browser is many processes: ends its whole group, and waits for the first. @param {import('node:child_process').ChildProcess} child */
async function endGroup(child) {
  const ended = child.exitCode ?? child.signalCode ?? new Promise((done) => child.once('exit', done));
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It had ended already.
  }
  await ended;
}

/** A dying process may still write to the folder; it may then stay, because it is temporary. @param {string} path */
export const removeProfile = (path) => rm(path, { recursive: true, force: true, maxRetries: 20 }).catch(() => {});

class Page {
  /** Lines that a visitor's console would show in red: exceptions, console.error, violations of the policy, failed loads. */
  problems = [];

  constructor(send) {
    this.send = send;
  }

  told({ method, params }) {
    if (method === 'Runtime.exceptionThrown') {
      this.problems.push(`exception: ${params.exceptionDetails.exception?.description ?? params.exceptionDetails.text}`);
    } else if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params.type)) {
      this.problems.push(`console: ${params.args.map(({ value, description }) => value ?? description).join(' ')}`);
    } else if (method === 'Log.entryAdded' && params.entry.level === 'error') {
      this.problems.push(`${params.entry.source}: ${params.entry.text} ${params.entry.url ?? ''}`);
    }
  }

  /** The problems, except refused or cut connections: browsers report those, and no page can prevent that. */
  get faults() {
    return this.problems.filter((problem) => !/WebSocket connection to .* failed|net::ERR_|status of (403|502|503)/.test(problem));
  }

  async goTo(url) {
    const { errorText } = await this.send('Page.navigate', { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    await this.waitFor(`document.readyState === 'complete' && location.href !== 'about:blank'`);
  }

  /** @param {string} expression in the page; a promise is waited for */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression, awaitPromise: true, returnByValue: true, userGesture: true,
    });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }

  /** Until `expression` is true in the page; its value. */
  async waitFor(expression) {
    const end = Date.now() + patienceMilliseconds;
    for (;;) {
      const value = await this.evaluate(expression);
      if (value) return value;
      if (Date.now() > end) throw new Error(`never came true: ${expression}; problems: ${this.problems.join('; ')}`);
      await new Promise((done) => setTimeout(done, 25));
    }
  }

  async resize(width, height, deviceScaleFactor = 1) {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor, mobile: false });
  }

  async screenshot(path) {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' });
    writeFileSync(path, Buffer.from(data, 'base64'));
  }

  /** The middle of the element that `selector` names. */
  async place(selector) {
    const place = await this.evaluate(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element?.scrollIntoView({ block: 'nearest' });
      const box = element?.getBoundingClientRect();
      return box && { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    })()`);
    if (!place) throw new Error(`there is no ${selector}`);
    return place;
  }

  async click(selector) {
    const { x, y } = await this.place(selector);
    for (const type of ['mousePressed', 'mouseReleased']) await this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
  }

  /** @param {string} key as `KeyboardEvent.key` names it */
  async press(key, modifiers = 0) {
    const codes = { Enter: 13, Tab: 9, End: 35, Home: 36, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, PageDown: 34, PageUp: 33, Escape: 27 };
    const text = key === 'Enter' ? '\r' : key.length === 1 ? key : undefined;
    const code = codes[key] ?? key.toUpperCase().charCodeAt(0);
    await this.send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', key, code: key, windowsVirtualKeyCode: code, text, modifiers });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key, windowsVirtualKeyCode: code, modifiers });
  }

  async type(text) {
    await this.send('Input.insertText', { text });
  }
}
