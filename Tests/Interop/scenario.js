// What every WebSocket client is put through (scenario.py), for Node and browsers alike: a promise that is kept or
// rejected with what went wrong.
function scenario(WebSocket, url, topic, compression) {
  const data = { text: 'Grüße, κόσμε, 日本, 🦀', long: 'x'.repeat(1000) };
  const steps = [
    ['welcome', () => ({ type: 'subscribe', id: 1, topics: [`${topic}/**`] })],
    ['subscribed', (message) => expect(message.id, 1)],
    ['updates', (message) => expect(message.updates.length, 20)],
    ['live', () => ({ type: 'publish', id: 2, updates: [{ topic: `${topic}/new`, data }] })],
    ['published', (message) => expect(message.accepted, 1)],
    ['updates', (message) => {
      expect(JSON.stringify(message.updates[0].data), JSON.stringify(data));
      return { type: 'ping', id: 3 };
    }],
    ['pong', (message) => expect(message.id, 3)],
  ];

  function expect(found, expected) {
    if (found !== expected) throw new Error(`${expected} expected, not ${found}`);
  }

  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, 'tidegate.v1');
    socket.onopen = () => {
      try {
        expect(socket.protocol, 'tidegate.v1');
        expect(/permessage-deflate/.test(socket.extensions), compression);
      } catch (error) { reject(error); }
    };
    socket.onmessage = (event) => {
      try {
        const message = JSON.parse(event.data);
        const [type, act] = steps.shift();
        expect(message.type, type);
        const answer = act(message);
        if (answer) socket.send(JSON.stringify(answer));
        if (steps.length === 0) socket.close(1000, 'done');
      } catch (error) { reject(error); }
    };
    socket.onerror = () => reject(new Error('the connection failed'));
    socket.onclose = (event) => {
      if (steps.length > 0) reject(new Error(`closed with ${event.code} before ${steps[0][0]}`));
      else if (event.code !== 1000 || !event.wasClean) reject(new Error(`closed with ${event.code}`));
      else resolve();
    };
  });
}

if (typeof module !== 'undefined') module.exports = scenario;
