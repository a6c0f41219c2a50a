// /events.html?QUERY: what an EventSource of /sse?QUERY hears is published below heard/, a topic for each event.
let count = 0;
const hear = (type) => (event) => {
  count += 1;
  fetch(`/topics/heard/${count}`, { method: 'PUT', body: JSON.stringify({ type, data: JSON.parse(event.data) }) });
};
const source = new EventSource(`/sse${location.search}`);
for (const type of ['message', 'live', 'reset', 'gap', 'goodbye']) source.addEventListener(type, hear(type));
