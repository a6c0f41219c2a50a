// The smallest page by long polling: each answer says where the next one begins.
const prices = new Map();
let cursor = '';

for (;;) {
  const answer = await fetch(`/poll?topics=sim/*&cursor=${cursor}`).then((response) => response.json());
  cursor = answer.cursor;
  for (const { topic, data } of answer.updates) prices.set(topic, data.last);
  document.querySelector('#values').textContent = [...prices].sort().map((pair) => pair.join('  ')).join('\n');
}
