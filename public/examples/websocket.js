// The smallest page by WebSocket: the URL names the topics, and messages are JSON. It does not reconnect; library.js does.
const prices = new Map();
const url = new URL('/ws?topics=sim/*&maxRate=2', location.href.replace(/^http/, 'ws'));

new WebSocket(url).onmessage = (event) => {
  const message = JSON.parse(event.data);
  if (message.type !== 'updates') return;
  for (const { topic, data, deleted } of message.updates) deleted ? prices.delete(topic) : prices.set(topic, data.last);
  document.querySelector('#values').textContent = [...prices].sort().map((pair) => pair.join('  ')).join('\n');
};
