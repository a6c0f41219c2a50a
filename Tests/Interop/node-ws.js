// Node's ws through the scenario: node node-ws.js URL TOPIC on|off
const WebSocket = require('ws');
const scenario = require('./scenario.js');

const [url, topic, compression] = process.argv.slice(2);
const isOn = compression === 'on';
class Client extends WebSocket {
  constructor(address, protocol) { super(address, protocol, { perMessageDeflate: isOn }); }
}
scenario(Client, url, topic, isOn).then(
  () => process.exit(0),
  (error) => { console.error(error.message); process.exit(1); },
);
