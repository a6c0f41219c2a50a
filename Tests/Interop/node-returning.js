// node-returning.js package|node URL COUNT: so many EventSources, which say on lines when they are live, when they are sent away, and
// when they give up for good: {"type":"live","source":3}
'use strict';
const [kind, url, count] = process.argv.slice(2);
const Source = kind === 'package' ? require('eventsource') : EventSource;
const say = (type, source, reason) => console.log(JSON.stringify({ type, source, reason }));

for (let number = 0; number < Number(count); number += 1) {
  const source = new Source(url);
  source.addEventListener('live', () => say('live', number));
  source.addEventListener('goodbye', (event) => say('goodbye', number, JSON.parse(event.data).reason));
  source.onerror = () => { if (source.readyState === 2) say('closed', number); };
}
// Node's own EventSource keeps the process no longer than its connection.
setInterval(() => {}, 1000);
