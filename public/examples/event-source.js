// The smallest page by Server-Sent Events: the browser reconnects and resumes by itself.
const prices = new Map();

new EventSource('/sse?topics=sim/*&maxRate=2').onmessage = (event) => {
  const { topic, data } = JSON.parse(event.data);
  prices.set(topic, data.last);
  document.querySelector('#values').textContent = [...prices].sort().map((pair) => pair.join('  ')).join('\n');
};
