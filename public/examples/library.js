// The smallest page with the library: any transport, reconnects, resumes, one call a frame with the latest of each topic.
import { Tidegate } from '../tidegate.js';

const prices = new Map();
const gate = new Tidegate('/', { maxRate: 2 });

gate.on('state', ({ state, transport }) => (document.title = `${state} · ${transport}`));
gate.on('reset', () => prices.clear());
gate.subscribe('sim/*', (updates) => {
  for (const { topic, data, deleted } of updates) deleted ? prices.delete(topic) : prices.set(topic, data.last);
  document.querySelector('#values').textContent = [...prices].sort().map((pair) => pair.join('  ')).join('\n');
}, { frame: true });
