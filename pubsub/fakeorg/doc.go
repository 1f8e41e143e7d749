// Package fakeorg is a Salesforce org in memory: OAuth, REST, and the Pub/Sub API over one set of rows, with faults on demand.
//
//	REST write ──┐                                   ┌── GetTopic, GetSchema
//	             ├─▶ save ─▶ rows ─▶ Commit ─▶ bus ──┤
//	user's edit ─┘     (one lock: event order =      └── Subscribe, with credit
//	                    commit order)
//
// # Promises
//
// Strict: what Salesforce refuses is refused here, with Salesforce's status, code and sentence; a careless client fails against the
// fake before it fails against an org. Honest: a committed write is stored canonicalised (e-mail in lower case, text trimmed,
// datetimes in whole seconds, decimals at their scale) and hands one Commit to the bus, whose events come in commit order.
//
// The package starts no goroutine of its own; handlers run on the caller's server. No lock is held across I/O or a wait, so it lives
// inside testing/synctest. Nothing is durable: a new Org is a new org, and Reset takes it back to its seed.
//
// # Steering
//
// Whatever a test does through methods of Org, another process does over HTTP, with JSON and without a token:
//
//	POST /__fake/v1/event         {"edits":[{"object":"Contact","verb":"update","id":"003…","fields":{"Title":"Dr"}}]}
//	                              one transaction of the Agent; "user" and "origin" make it another's
//	                              {"inject":{"topic":…,"schemaId":…,"payload":base64}} puts an event on the bus as it is
//	                              {"platform":{"act":"gap","object":"Contact","kind":"DELETE","ids":["003…"]}}: also wildcard, geocode,
//	                              empty (the recycle bin), and emit, which makes any event of a header and fields
//	POST /__fake/v1/expire        {} or {"before":time}: events and replay ids fall out of the bus
//	POST /__fake/v1/stall         {"on":true}: streams go silent
//	POST /__fake/v1/close         {"code":14} or {"error":"subscription.fetch.replayid.corrupted","count":1}: streams end
//	POST /__fake/v1/fault         {"rule":{"path":"/query","nth":3,"status":503}}, {"rule":{"rpc":"GetSchema","every":2,"code":…}}, {"rpc":"GetSchema","error":…}, {"clear":true}; see Fault
//	POST /__fake/v1/revoke        {"token":…}: one session ends, or all
//	POST /__fake/v1/allocation    {"delivery":25000,"api":15000,"consume":900,"hourly":50}: the last two for other consumers of the events
//	POST /__fake/v1/clock         {"offset":"72h"} or {"advance":"1h"}
//	POST /__fake/v1/hide          {"object":"Contact","field":"Phone","on":true}: field-level security
//	POST /__fake/v1/convert       {"lead":"00Q…","to":{"noOpportunity":true,"order":["Lead","Contact","Account"]}}; see ConvertTo
//	POST /__fake/v1/merge         {"object":"Contact","winner":"003…","losers":["003…"],"fields":{"Title":"Dr"}}
//	POST /__fake/v1/switch        {"twins":{"order":"shuffled","delay":"5s"},"splitUpdates":true,"diffLongText":true,"overflowAfter":100,
//	                              "muteChildren":true,"hyperforce":true,"nameInCollections":true,"slashOrigins":true,
//	                              "addChangeType":"PURGE","loseEvents":1,"beat":"120s","steadyBeats":true,"settleLatest":"5s",
//	                              "refuseRepeatedReplay":true,"limitStreams":1,"hangStreams":1,"slowAnswers":"1s","limitAnswers":5,
//	                              "delaySchemas":"2s","dialect":{"rpcId":"rpc_id","noCredit":"70s","status":{"service.auth.error":7}}}
//	                              each is the method of its name; what is left out stays
//	POST /__fake/v1/org           {"rename":url}, {"migrate":url}, {"refresh":orgID}, {"maintain":true}
//	POST /__fake/v1/channel       {"name":"Bridge__chn","members":["Contact"],"enrich":{"Contact":["Email"]}}
//	POST /__fake/v1/right         {"object":"Lead","on":false}, {"topic":"/data/ChangeEvents","on":false}, {"select":"Task","on":false}
//	POST /__fake/v1/field         {"object":"Contact","add":{"name":"X__c","type":"string"},"before":"Title"}, {"remove":"X__c"},
//	                              {"agedAddresses":true}
//	POST /__fake/v1/automation    {"object":"Contact","when":"before","set":{"Title":"Dr"}}, or "after"; {"assign":"00G…"}
//	POST /__fake/v1/wire          {"blackHole":true}, {"cut":true}: the network before the Pub/Sub API
//	POST /__fake/v1/reset         {}: back to the seed
//	GET  /__fake/v1/calls, events, subscriptions, rows?object=Contact
//
// # Seed
//
// An org has person accounts when its seed says "personAccounts": true. A seed adds to the standard objects; see Seed, ObjectSeed, FieldSeed and RowSeed for every member. State and country codes,
// currencies and record types are fields like any other, so an org has them when its seed does:
//
//	{"objects": [{"name": "Vehicle__c", "fields": [{"name": "Vin__c", "type": "string", "length": 17, "externalId": true}]}],
//	 "rows": [{"object": "Account", "ref": "acme", "fields": {"Name": "Acme"}},
//	          {"object": "Contact", "fields": {"LastName": "Lee", "AccountId": "@acme"}}]}
//
// It shares no code with the packages it judges but the stubs in pubsubpb, so that a mistake cannot be mirrored in it. It opens no
// outgoing connection and knows nothing of messaging platforms.
package fakeorg
