// /browser.html?TOPIC&on or off: the WebSocket scenario below TOPIC, then an event stream of the same. The verdict is
// published to interop-verdict.
const [topic, compression] = location.search.slice(1).split('&');

const stream = () => new Promise((resolve, reject) => {
  const source = new EventSource(`/sse?topics=${topic}/**`);
  const topics = new Set();
  source.onmessage = (event) => topics.add(JSON.parse(event.data).topic);
  source.addEventListener('live', () => {
    source.close();
    if (topics.size === 21) resolve(); else reject(new Error(`${topics.size} topics by event stream`));
  });
  source.onerror = () => reject(new Error('the event stream failed'));
});

scenario(WebSocket, `${location.protocol.replace('http', 'ws')}//${location.host}/ws`, topic, compression === 'on')
  .then(stream)
  .then(() => 'ok', (error) => error.message)
  .then((verdict) => fetch('/topics/interop-verdict', { method: 'PUT', body: JSON.stringify(verdict) }));
