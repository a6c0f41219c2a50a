/** A gateway of a few lines that demands a token, which the real one does not yet: real sockets, all three transports. */
import { createHash } from 'node:crypto';
import http from 'node:http';

const update = (version) => ({ topic: 'a', version, time: 1_764_000_000_000 + version, data: version });

export class ScriptedServer {
  /** The valid token. */
  valid = '';
  /** Tokens that clients presented, in order. */
  presented = [];
  /** Cursors that clients presented, in order. */
  cursors = [];
  published = [];
  /** Seconds that a token lasts, on a WebSocket. */
  lasts = 3600;
  #version = 0;
  #sockets = new Set();
  #server = http.createServer((request, response) => this.#answer(request, response));

  async start() {
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    });
    this.#server.on('upgrade', (request, socket) => this.#upgrade(request, socket));
    await new Promise((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  /** All connections end, as when a token runs out. */
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop() {
    const closed = new Promise((done) => this.#server.close(done));
    this.cut();
    await closed;
  }

  #isGood(token) {
    this.presented.push(token);
    return token === this.valid;
  }

  #answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, 'http://gate.example');
    const json = (status, body) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    if (pathname === '/healthz') return json(200, {});
    if (!this.#isGood(request.headers.authorization?.replace('Bearer ', '') ?? null)) {
      return json(401, { code: 'unauthenticated', detail: 'the token is not good' });
    }
    const cursor = searchParams.get('cursor');
    if (pathname === '/publish') {
      request.setEncoding('utf8').on('data', (text) => this.published.push(...JSON.parse(text)));
      return request.on('end', () => json(200, { accepted: 1 }));
    }
    if (pathname === '/poll' && searchParams.get('wait') !== '0') return response.on('close', () => {});
    this.#version += 1;
    this.cursors.push(cursor);
    if (pathname === '/poll') return json(200, { cursor: `e-${this.#version}`, updates: [update(this.#version)] });
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(`data: ${JSON.stringify(update(this.#version))}\n\nevent: live\nid: e-${this.#version}\ndata: {"resumed":${cursor !== null}}\n\n`);
  }

  #upgrade(request, socket) {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: tidegate.v1\r\n\r\n`);
    const say = (message) => {
      const text = Buffer.from(JSON.stringify(message));
      const head = text.length < 126 ? [0x81, text.length] : [0x81, 126, text.length >> 8, text.length & 255];
      socket.write(Buffer.concat([Buffer.from(head), text]));
    };
    let isIn = false;
    let rest = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let frame = firstFrame(rest); frame; frame = firstFrame(rest)) {
        rest = rest.subarray(frame.end);
        if (frame.opcode !== 1) return socket.end();
        const message = JSON.parse(frame.text);
        if (message.type === 'auth') isIn = this.#authenticate(message, say);
        else if (!isIn) say({ type: 'error', id: message.id, code: 'unauthenticated', message: 'a token comes first' });
        else this.#obey(message, say);
      }
    });
    say({ type: 'welcome', session: 's', server: 'scripted', heartbeat: 5 });
  }

  #authenticate({ id, token }, say) {
    const isGood = this.#isGood(token);
    if (isGood) say({ type: 'authenticated', id, expires: Math.floor(Date.now() / 1000) + this.lasts });
    else say({ type: 'error', id, code: 'unauthenticated', message: 'the token is not good' });
    return isGood;
  }

  #obey({ type, id, topics, cursor = null, updates }, say) {
    if (type === 'publish') {
      this.published.push(...updates);
      say({ type: 'published', id, accepted: updates.length });
    } else if (type === 'subscribe') {
      this.#version += 1;
      this.cursors.push(cursor);
      say({ type: 'subscribed', id, topics, resumed: cursor !== null, maxRate: null });
      say({ type: 'updates', updates: [update(this.#version)] });
      say({ type: 'live', id, cursor: `e-${this.#version}` });
    }
  }
}

/** A client's frame, masked and, here, short; null while it is incomplete. @param {Buffer} bytes */
function firstFrame(bytes) {
  if (bytes.length < 6) return null;
  const isLong = (bytes[1] & 127) === 126;
  const start = isLong ? 8 : 6;
  const length = isLong ? bytes.readUInt16BE(2) : bytes[1] & 127;
  if (bytes.length < start + length) return null;
  const mask = bytes.subarray(start - 4, start);
  const text = Buffer.from(bytes.subarray(start, start + length).map((byte, place) => byte ^ mask[place % 4])).toString();
  return { opcode: bytes[0] & 15, text, end: start + length };
}
