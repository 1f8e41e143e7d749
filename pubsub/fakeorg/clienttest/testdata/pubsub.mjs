// Subscribes to one topic with salesforce-pubsub-api-client and prints what it hears, one JSON object a line:
// {"alive": id} for a keepalive, {"event": {...}} for a decoded event, {"error": "..."} for anything that went wrong.
//
//   node pubsub.mjs '{"loginUrl", "endpoint", "clientId", "clientSecret", "topic", "from": "latest" | "earliest" | number}'
//
// It runs until its standard input ends.
import { pathToFileURL } from 'node:url';

const modules = pathToFileURL(process.env.SFBRIDGE_NODE_MODULES + '/');
const { default: PubSubApiClient } = await import(new URL('salesforce-pubsub-api-client/dist/client.js', modules));

const want = JSON.parse(process.argv[2]);
const print = (value) =>
  console.log(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? v.toString() : v)));
const silent = { debug() {}, info() {}, warn() {}, error() {} };

function hear(subscription, kind, data) {
  switch (kind) {
    case 'event':
      return print({ event: data });
    case 'grpcKeepAlive':
      return print({ alive: subscription.lastReplayId });
    case 'error':
      return print({ error: String(data.message), cause: String(data.cause ?? data.details ?? '') });
    case 'end':
      return print({ end: true });
  }
}

process.on('unhandledRejection', (reason) => {
  print({ error: 'unhandled rejection', cause: String(reason?.stack ?? reason) });
  process.exit(1);
});

try {
  const client = new PubSubApiClient(
    {
      authType: 'oauth-client-credentials',
      loginUrl: want.loginUrl,
      clientId: want.clientId,
      clientSecret: want.clientSecret,
      pubSubEndpoint: want.endpoint,
      rejectUnauthorizedSsl: false, // it trusts only the authorities that it ships
    },
    silent,
  );
  await client.connect();
  if (want.from === 'latest') client.subscribe(want.topic, hear);
  else if (want.from === 'earliest') client.subscribeFromEarliestEvent(want.topic, hear);
  else client.subscribeFromReplayId(want.topic, hear, null, want.from);
  process.stdin.on('end', () => {
    client.close();
    process.exit(0);
  });
  process.stdin.resume();
} catch (error) {
  print({ error: String(error.message), cause: String(error.cause?.stack ?? error.cause ?? '') });
  process.exit(1);
}
