// /events.html?QUERY: what an EventSource of /sse?QUERY hears is published below heard/, a topic for each event.
// One after the other: requests at once may overtake each other on their connections.
let count = 0;
let told = Promise.resolve();
const hear = (type) => ({ data }) => {
  count += 1;
  const path = `/topics/heard/${count}`;
  told = told.then(() => fetch(path, { method: 'PUT', body: `{"type":"${type}","data":${data}}` }));
};
const source = new EventSource(`/sse${location.search}`);
for (const type of ['message', 'live', 'reset', 'gap', 'goodbye']) source.addEventListener(type, hear(type));
