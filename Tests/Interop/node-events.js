// node-events.js package|node|fetch URL: says each event of a stream on a line, {"type":…,"data":…}. Data that is no JSON ends it.
'use strict';
const [kind, url] = process.argv.slice(2);
const say = (type, data) => console.log(JSON.stringify({ type, data: JSON.parse(data) }));

// As the parsers built on fetch do it: an empty line hands over a message, whatever stands before it.
const fetched = async () => {
  const answer = await fetch(url, { headers: { Accept: 'text/event-stream' } });
  let rest = '';
  let message = { type: 'message', data: '' };
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
      if (line === '') {
        say(message.type, message.data);
        message = { type: 'message', data: '' };
      } else if (name === 'event') message.type = value;
      else if (name === 'data') message.data += value;
    }
  }
};

if (kind === 'fetch') {
  fetched();
} else {
  const Source = kind === 'package' ? require('eventsource') : EventSource;
  const source = new Source(url);
  for (const type of ['message', 'live', 'reset', 'gap', 'goodbye']) source.addEventListener(type, (event) => say(type, event.data));
}
