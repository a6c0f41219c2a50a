// /returning.html?COUNT&URL, served by the test: as node-returning.js, told to the server that the page came from.
const [count, url] = location.search.slice(1).split('&').map(decodeURIComponent);
const say = (type, source, reason) => fetch('/said', { method: 'POST', body: JSON.stringify({ type, source, reason }) });

for (let number = 0; number < Number(count); number += 1) {
  const source = new EventSource(url);
  source.addEventListener('live', () => say('live', number));
  source.addEventListener('goodbye', (event) => say('goodbye', number, JSON.parse(event.data).reason));
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) say('closed', number); };
}
