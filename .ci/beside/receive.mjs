// Receives events with salesforce-pubsub-api-client and prints nanoseconds for each, by the clock and of the processor.
//
//	node receive.mjs HOST:PORT TOPIC COUNT
import { pathToFileURL } from 'node:url';

const modules = pathToFileURL(process.env.SFBRIDGE_NODE_MODULES + '/');
const { default: PubSubApiClient } = await import(new URL('salesforce-pubsub-api-client/dist/client.js', modules));

const [endpoint, topic, text] = process.argv.slice(2);
const count = Number(text);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const client = new PubSubApiClient(
  {
    authType: 'user-supplied',
    accessToken: 't',
    instanceUrl: 'https://acme.my.salesforce.com',
    organizationId: '00D5g000004ABCDEA4',
    pubSubEndpoint: endpoint,
    rejectUnauthorizedSsl: false,
  },
  silent,
);
await client.connect();
let seen = 0;
const cpu = process.cpuUsage();
const began = process.hrtime.bigint();
client.subscribe(topic, (subscription, kind, data) => {
  if (kind === 'error') {
    console.error(String(data.message ?? data));
    process.exit(1);
  }
  if (kind !== 'event' || ++seen !== count) return;
  const wall = Number(process.hrtime.bigint() - began);
  const { user, system } = process.cpuUsage(cpu);
  console.log((wall / count).toFixed(1), (((user + system) * 1000) / count).toFixed(1));
  process.exit(0);
});
