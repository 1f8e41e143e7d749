// Decodes the payloads of pubsub/cdc with avro-js and with parseEvent of salesforce-pubsub-api-client, and prints lines as Go's benches do.
//
//	node decode.mjs SECONDS
//
// The client exports no decoder: its own file is loaded from a copy that has one more export at its end.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';
import path from 'node:path';

const modules = process.env.SFBRIDGE_NODE_MODULES;
const corpus = fileURLToPath(new URL('../../pubsub/cdc/testdata/', import.meta.url));
const dist = path.join(modules, 'salesforce-pubsub-api-client', 'dist');
const copy = path.join(dist, 'opened.js');
writeFileSync(copy, readFileSync(path.join(dist, 'client.js'), 'utf8') + '\nexport { parseEvent, CustomLongAvroType };\n');
const { parseEvent, CustomLongAvroType } = await import(pathToFileURL(copy));
const avro = createRequire(copy)('avro-js');

const seconds = Number(process.argv[2] ?? 0.3);
const spent = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};

// measure runs f in growing batches until the time is over; the first half warms up.
function measure(name, f) {
  let rounds = 0, began, cpu;
  const start = process.hrtime.bigint();
  for (let warm = true; ; ) {
    for (let i = 0; i < 200; i++) f();
    const gone = Number(process.hrtime.bigint() - start) / 1e9;
    if (warm) {
      if (gone < seconds / 2) continue;
      warm = false;
      began = process.hrtime.bigint();
      cpu = spent();
      continue;
    }
    rounds += 200;
    if (gone >= seconds) break;
  }
  const wall = Number(process.hrtime.bigint() - began) / rounds;
  console.log(`BenchmarkDecode/${name} \t${rounds}\t${wall.toFixed(1)} ns/op\t${((spent() - cpu) / rounds).toFixed(1)} cpu-ns/op`);
}

for (const [event, schema] of [
  ['contact-70-update', 'contact-70'],
  ['account-250-update', 'account-250'],
  ['account-250-create', 'account-250'],
]) {
  const text = readFileSync(path.join(corpus, schema + '.avsc'), 'utf8');
  const payload = Buffer.from(readFileSync(path.join(corpus, event + '.hex'), 'utf8').trim(), 'hex');
  const type = avro.parse(text, { registry: { long: CustomLongAvroType } });
  const told = { event: { id: 'e', schemaId: 's', payload }, replayId: Buffer.alloc(8) };
  measure(`${event}/avro-js`, () => type.fromBuffer(payload));
  measure(`${event}/npm-client`, () => parseEvent({ id: 's', type }, told));
}
