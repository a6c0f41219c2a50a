/** Headless Firefox, driven by WebDriver BiDi, which it speaks itself: no driver in between. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { removeProfile } from './chromium.mjs';

// Debian's: Node's own client loses connections on a busy machine, and says nothing of it.
const { WebSocket } = createRequire(import.meta.url)('/usr/share/nodejs/ws');

/** Longer than anything takes on a busy machine; all waiting is for something to become true. */
const patienceMilliseconds = 60_000;
/** WebDriver's names of keys that write nothing. */
const keys = { Enter: '\uE007', ArrowDown: '\uE015', ArrowUp: '\uE013', End: '\uE010', Home: '\uE011', Tab: '\uE004' };

const preferences = {
  'browser.shell.checkDefaultBrowser': false, 'browser.startup.homepage_override.mstone': 'ignore', 'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.server': '', 'app.update.enabled': false, 'app.normandy.enabled': false, 'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false, 'browser.safebrowsing.update.enabled': false,
};

export class Firefox {
  #process;
  #profile = mkdtempSync(join(tmpdir(), 'tidegate-firefox-'));
  #socket;
  #lastID = 0;
  #waiting = new Map();
  #pages = new Map();

  /** @param {import('./authority.mjs').Authority} [authority] whose certificates it believes, too */
  static async open(authority) {
    const firefox = new Firefox();
    authority?.enterInto(firefox.#profile);
    await firefox.#connect(await firefox.#start());
    return firefox;
  }

  /** @returns {Promise<string>} where it listens */
  #start() {
    const lines = Object.entries(preferences).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
    writeFileSync(join(this.#profile, 'user.js'), lines.join(''));
    const flags = ['--headless', '--no-remote', '--profile', this.#profile, '--remote-debugging-port', '0', 'about:blank'];
    this.#process = spawn(process.env.FIREFOX ?? 'firefox-esr', flags, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: this.#profile } });
    return new Promise((settle, fail) => {
      this.#process.once('exit', (code) => fail(new Error(`Firefox ended with ${code} before it listened`)));
      createInterface({ input: this.#process.stderr }).on('line', (line) => {
        const address = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1];
        if (address) settle(address);
      });
    });
  }

  /** @param {string} address */
  async #connect(address) {
    this.#socket = new WebSocket(`${address}/session`);
    this.#socket.onmessage = ({ data }) => this.#received(JSON.parse(data));
    this.#socket.onclose = ({ code }) => this.#lost(code);
    await new Promise((settle, fail) => {
      this.#socket.onopen = settle;
      this.#socket.onerror = () => fail(new Error(`no session at ${address}`));
    });
    await this.send('session.new', { capabilities: {} });
    await this.send('session.subscribe', { events: ['log.entryAdded'] });
    // Only the page learns of violations of the policy.
    await this.send('script.addPreloadScript', {
      functionDeclaration: `() => addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        console.error('policy: ' + violatedDirective + ' ' + blockedURI))`,
    });
  }

  /** @param {string} method @param {object} params @returns {Promise<any>} */
  send(method, params) {
    this.#lastID += 1;
    const id = this.#lastID;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((settle, fail) => this.#waiting.set(id, { settle, fail, method }));
  }

  /** Whoever waits for an answer hears that none will come. */
  #lost(code) {
    for (const { fail, method } of this.#waiting.values()) fail(new Error(`${method}: Firefox closed the connection with ${code}`));
    this.#waiting.clear();
  }

  #received({ id, type, result, message, method, params }) {
    if (id === undefined || id === null) {
      if (method === 'log.entryAdded') this.#pages.get(params.source.context)?.told(params);
      return;
    }
    const { settle, fail, method: asked } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (type === 'error') fail(new Error(`${asked}: ${message}`));
    else settle(result);
  }

  async newPage({ width = 1280, height = 860 } = {}) {
    const { context } = await this.send('browsingContext.create', { type: 'window' });
    const page = new Page((method, params) => this.send(method, { context, ...params }), context);
    this.#pages.set(context, page);
    await page.send('browsingContext.setViewport', { viewport: { width, height } });
    return page;
  }

  async close() {
    const ended = new Promise((done) => this.#process.once('exit', done));
    this.#process.kill();
    await ended;
    await removeProfile(this.#profile);
  }
}

class Page {
  /** Exceptions, console.error and what the policy forbids. */
  problems = [];
  #context;

  constructor(send, context) {
    this.send = send;
    this.#context = context;
  }

  told({ level, text }) {
    if (level === 'error' || level === 'warn') this.problems.push(text);
  }

  async goTo(url) {
    await this.send('browsingContext.navigate', { url, wait: 'complete' });
  }

  /** @param {string} expression in the page; a promise is waited for */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send('script.evaluate', {
      expression: `(async () => JSON.stringify(await (${expression})) ?? 'null')()`, target: { context: this.#context }, awaitPromise: true, userActivation: true,
    });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return JSON.parse(result.value);
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

  /** Keys one after another, each by its name or character. */
  async press(...names) {
    const actions = names.flatMap((name) => ['keyDown', 'keyUp'].map((type) => ({ type, value: keys[name] ?? name })));
    await this.send('input.performActions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
  }

  async click(selector) {
    const { x, y } = await this.evaluate(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element.scrollIntoView({ block: 'nearest' });
      const box = element.getBoundingClientRect();
      return { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height / 2) };
    })()`);
    const actions = [{ type: 'pointerMove', x, y }, { type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 }];
    await this.send('input.performActions', { actions: [{ type: 'pointer', id: 'mouse', actions }] });
  }

  async screenshot(path) {
    const { data } = await this.send('browsingContext.captureScreenshot', {});
    writeFileSync(path, Buffer.from(data, 'base64'));
  }

  async close() {
    await this.send('browsingContext.close', {});
  }
}
