// The smallest page by Server-Sent Events: the browser reconnects and resumes by itself.
const prices = new Map();
const source = new EventSource('/sse?topics=sim/*&maxRate=2');

source.onmessage = (event) => {
  const { topic, data, deleted } = JSON.parse(event.data);
  deleted ? prices.delete(topic) : prices.set(topic, data.last);
  document.querySelector('#values').textContent = [...prices].sort().map((pair) => pair.join('  ')).join('\n');
};
source.addEventListener('reset', () => prices.clear());
