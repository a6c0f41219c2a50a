/** The client's environment, controlled by the test: its clock, sockets, answers, storage, page. */

export class World {
  time = 0;
  sockets = [];
  /** The client's requests, in order: each waits for its answer. */
  requests = [];
  frames = [];
  online = true;
  random = () => 0.5;
  window = new EventTarget();
  document = Object.assign(new EventTarget(), { hidden: false });
  stored = new Map();
  #timers = new Map();
  #lastTimer = 0;

  /** @param {Partial<import('../../../public/tidegate/environment.js').Environment>} [others] */
  environment(others = {}) {
    const world = this;
    return {
      fetch: (url, init) => new Promise((answer, fail) => world.requests.push(new Request(url, init, answer, fail))),
      WebSocket: class extends Socket {
        constructor(url, protocol) {
          super(url, protocol);
          world.sockets.push(this);
        }
      },
      setTimeout: (action, milliseconds) => {
        this.#lastTimer += 1;
        this.#timers.set(this.#lastTimer, { action, due: this.time + milliseconds });
        return this.#lastTimer;
      },
      clearTimeout: (timer) => this.#timers.delete(timer),
      onFrame: (action) => this.frames.push(action),
      now: () => this.time,
      date: () => 1_764_000_000_000 + this.time,
      random: () => this.random(),
      storage: {
        getItem: (key) => this.stored.get(key) ?? null,
        setItem: (key, value) => this.stored.set(key, value),
      },
      window: this.window,
      document: this.document,
      isOnline: () => this.online,
      ...others,
    };
  }

  get socket() {
    return this.sockets.at(-1);
  }

  get request() {
    return this.requests.at(-1);
  }

  /** Runs everything that needs no time. */
  async settle() {
    for (let round = 0; round < 3; round += 1) await new Promise((done) => setImmediate(done));
  }

  /** Advances the time, and runs due timers in order. @param {number} milliseconds */
  async advance(milliseconds) {
    const end = this.time + milliseconds;
    for (;;) {
      await this.settle();
      const next = [...this.#timers].sort(([, one], [, other]) => one.due - other.due)[0];
      if (!next || next[1].due > end) break;
      this.#timers.delete(next[0]);
      this.time = Math.max(this.time, next[1].due);
      next[1].action();
    }
    this.time = end;
    await this.settle();
  }

  drawFrame() {
    for (const action of this.frames.splice(0)) action();
  }

  /** @param {boolean} isOnline */
  setOnline(isOnline) {
    this.online = isOnline;
    this.window.dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
  }

  /** @param {boolean} isHidden */
  setHidden(isHidden) {
    this.document.hidden = isHidden;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }
}

class Socket {
  sent = [];
  /** The same as it went out. */
  texts = [];
  isClosed = false;

  constructor(url, protocol) {
    this.url = url;
    this.protocol = protocol;
  }

  send(text) {
    this.sent.push(JSON.parse(text));
    this.texts.push(text);
  }

  close(code) {
    this.isClosed = true;
    this.closeCode = code;
  }

  receive(...messages) {
    for (const message of messages) this.onmessage({ data: JSON.stringify(message) });
  }

  end(code, reason = '') {
    this.onclose({ code, reason });
  }
}

class Request {
  #answer;
  #stream;

  constructor(url, init, answer, fail) {
    this.url = url;
    this.init = init;
    const aborted = () => fail(init.signal.reason);
    init?.signal?.addEventListener('abort', aborted);
    this.fail = () => fail(new TypeError('the network failed'));
    this.#answer = (response) => {
      init?.signal?.removeEventListener('abort', aborted);
      answer(response);
    };
  }

  get isAborted() {
    return this.init?.signal?.aborted ?? false;
  }

  answer(status, body = '', headers = {}) {
    this.#answer(new Response(status === 204 ? null : typeof body === 'string' ? body : JSON.stringify(body), { status, headers }));
  }

  /** Answers with an event stream, which `write` continues. */
  stream(...pieces) {
    const body = new ReadableStream({ start: (stream) => (this.#stream = stream) });
    this.init.signal.addEventListener('abort', () => this.#stream.error(this.init.signal.reason));
    this.#answer(new Response(body, { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' } }));
    this.write(...pieces);
  }

  write(...pieces) {
    for (const piece of pieces) this.#stream.enqueue(new TextEncoder().encode(piece));
  }

  endStream() {
    this.#stream.close();
  }
}

/** @param {string} topic @param {number} version @param {any} [data] */
export const update = (topic, version, data = version) => ({ topic, version, time: 1_764_000_000_000 + version, data });
