// The smallest page by long polling: each answer says where the next one begins.
const prices = new Map();
let cursor = '';

for (;;) {
  const answer = await fetch(`/poll?topics=sim/*&cursor=${cursor}`).then((response) => response.json()).catch(() => ({}));
  if (answer.reset) prices.clear();
  cursor = answer.cursor ?? cursor;
  for (const { topic, data, deleted } of answer.updates ?? []) deleted ? prices.delete(topic) : prices.set(topic, data.last);
  document.querySelector('#values').textContent = [...prices].sort().map((pair) => pair.join('  ')).join('\n');
  if (!answer.updates) await new Promise((resume) => setTimeout(resume, 2000));
}
