// Uses an org with jsforce as its users do, and prints one JSON object a check: {"check": name, "fault": "" or what went wrong}.
//
//   node jsforce.mjs '{"loginUrl", "clientId", "clientSecret"}'
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(process.env.SFBRIDGE_NODE_MODULES + '/'));
const jsforce = require('jsforce');

const want = JSON.parse(process.argv[2]);
const org = new jsforce.Connection({
  oauth2: { loginUrl: want.loginUrl, clientId: want.clientId, clientSecret: want.clientSecret },
  instanceUrl: want.loginUrl,
  version: '64.0',
  callOptions: { client: 'jsforce-trial' },
});

const checks = {
  async 'log in'() {
    await org.authorize({ grant_type: 'client_credentials' });
    assert.ok(org.accessToken, 'no access token');
    assert.equal(org.instanceUrl, want.loginUrl);
    assert.match(org.userInfo.organizationId, /^00D.{15}$/);
  },
  async 'refuse a wrong secret'() {
    const stranger = new jsforce.Connection({
      oauth2: { loginUrl: want.loginUrl, clientId: want.clientId, clientSecret: 'wrong' },
    });
    await assert.rejects(stranger.authorize({ grant_type: 'client_credentials' }), (error) => {
      assert.match(error.name, /^invalid_client/);
      return true;
    });
  },
  async identity() {
    const who = await org.identity();
    assert.equal(who.organization_id, org.userInfo.organizationId);
    assert.equal(who.user_id, org.userInfo.id);
  },
  async limits() {
    const limits = await org.limits();
    assert.ok(limits.DailyApiRequests.Max > 0);
    assert.ok(org.limitInfo.apiUsage.used > 0, 'no Sforce-Limit-Info');
  },
  async 'describe all'() {
    const all = await org.describeGlobal();
    const names = all.sobjects.map((o) => o.name);
    for (const name of ['Account', 'Contact', 'Lead', 'Case', 'Event', 'Task', 'User', 'Opportunity', 'Visit__c']) {
      assert.ok(names.includes(name), name + ' is missing');
    }
  },
  async describe() {
    const contact = await org.describe('Contact');
    const field = (name) => contact.fields.find((f) => f.name === name) ?? assert.fail(name + ' is missing');
    assert.equal(contact.keyPrefix, '003');
    assert.equal(field('LastName').nillable, false);
    assert.equal(field('Email').type, 'email');
    assert.equal(field('Bridge_Key__c').externalId, true);
    assert.deepEqual(field('AccountId').referenceTo, ['Account']);
    assert.equal(field('MailingCity').compoundFieldName, 'MailingAddress');
    assert.equal(field('Name').updateable, false);
  },
  async 'create and read a row'() {
    const answer = await org.sobject('Contact').create({
      FirstName: 'Ann', LastName: 'Lee', Email: ' Ann.Lee@Example.COM ', MailingCity: 'Bern', Birthdate: '1990-02-28',
    });
    assert.equal(answer.success, true);
    assert.match(answer.id, /^003.{15}$/);
    const row = await org.sobject('Contact').retrieve(answer.id);
    assert.equal(row.attributes.type, 'Contact');
    assert.equal(row.Name, 'Ann Lee');
    assert.equal(row.Email, 'ann.lee@example.com');
    assert.equal(row.MailingAddress.city, 'Bern');
    assert.equal(row.Birthdate, '1990-02-28');
    assert.match(row.CreatedDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/);
    assert.equal(row.Phone, null);
  },
  async 'refuse a bad row'() {
    await assert.rejects(org.sobject('Contact').create({ FirstName: 'Nameless' }), (error) => {
      assert.equal(error.errorCode, 'REQUIRED_FIELD_MISSING');
      assert.match(error.message, /LastName/);
      return true;
    });
    await assert.rejects(org.sobject('Contact').create({ LastName: 'X', Nonsense__c: 1 }), (error) => {
      assert.equal(error.errorCode, 'INVALID_FIELD');
      return true;
    });
    await assert.rejects(org.sobject('Contact').retrieve('003000000000000AAA'), (error) => {
      assert.equal(error.errorCode, 'NOT_FOUND');
      return true;
    });
  },
  async 'upsert by external id'() {
    const key = 'js-1 ä'; // a slash would need escaping, which the client leaves out
    const first = await org.sobject('Contact').upsert({ Bridge_Key__c: key, LastName: 'Upsert' }, 'Bridge_Key__c');
    assert.equal(first.success, true);
    const again = await org.sobject('Contact').upsert({ Bridge_Key__c: key, LastName: 'Upsert', Title: 'Dr' }, 'Bridge_Key__c');
    assert.equal(again.success, true);
    const found = await org.query(`SELECT Id, Title FROM Contact WHERE Bridge_Key__c = '${key}'`);
    assert.equal(found.totalSize, 1);
    assert.equal(found.records[0].Title, 'Dr');
    assert.equal(found.records[0].Id, first.id);
  },
  async 'collections'() {
    const rows = Array.from({ length: 250 }, (_, i) => ({ Bridge_Key__c: `many-${i}`, LastName: `Many ${i}`, Department: 'Many' }));
    const answers = await org.sobject('Contact').upsert(rows, 'Bridge_Key__c', { allowRecursive: true, allOrNone: false });
    assert.equal(answers.length, 250);
    assert.ok(answers.every((a) => a.success && a.created), 'a row was not created');
    const mixed = await org.sobject('Contact').create([{ LastName: 'Good' }, { FirstName: 'Bad' }], { allOrNone: false });
    assert.deepEqual(mixed.map((a) => a.success), [true, false]);
    assert.equal(mixed[1].errors[0].statusCode, 'REQUIRED_FIELD_MISSING');
    assert.deepEqual(mixed[1].errors[0].fields, ['LastName']);
    const updated = await org.sobject('Contact').update([{ Id: answers[0].id, Title: 'Sir' }, { Id: answers[1].id, Title: 'Dame' }]);
    assert.ok(updated.every((a) => a.success));
    const gone = await org.sobject('Contact').destroy([answers[2].id, answers[3].id]);
    assert.ok(gone.every((a) => a.success));
  },
  async 'query'() {
    const counted = await org.query("SELECT COUNT() FROM Contact WHERE Department = 'Many'");
    assert.equal(counted.totalSize, 248);
    const some = await org.query("SELECT Id, LastName, Title FROM Contact WHERE Department = 'Many' AND Title != null ORDER BY LastName LIMIT 5");
    assert.deepEqual(some.records.map((r) => r.Title), ['Sir', 'Dame']);
    const like = await org.query("SELECT Id FROM Contact WHERE LastName LIKE 'many 24%'");
    assert.equal(like.totalSize, 11);
    const listed = await org.query("SELECT Id FROM Contact WHERE Bridge_Key__c IN ('many-10', 'many-11', 'none')");
    assert.equal(listed.totalSize, 2);
  },
  async 'query over pages'() {
    const records = [];
    let pages = 1;
    let page = await org.query("SELECT Id FROM Contact WHERE Department = 'Many'", { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
    records.push(...page.records);
    while (!page.done) {
      page = await org.queryMore(page.nextRecordsUrl);
      records.push(...page.records);
      pages++;
    }
    assert.equal(pages, 2);
    assert.equal(new Set(records.map((r) => r.Id)).size, 248);
  },
  async 'a parent in a query'() {
    const account = await org.sobject('Account').create({ Name: 'Parent & Sons' });
    await org.sobject('Contact').create({ LastName: 'Child', AccountId: account.id });
    const found = await org.query("SELECT Id, Account.Name FROM Contact WHERE LastName = 'Child'");
    assert.equal(found.records[0].Account.Name, 'Parent & Sons');
    assert.equal(found.records[0].Account.attributes.type, 'Account');
  },
  async 'refuse bad SOQL'() {
    await assert.rejects(org.query('SELECT Id FROM Nothing__c'), (error) => {
      assert.equal(error.errorCode, 'INVALID_TYPE');
      return true;
    });
    await assert.rejects(org.query('SELECT Id, FROM Contact'), (error) => {
      assert.equal(error.errorCode, 'MALFORMED_QUERY');
      return true;
    });
    await assert.rejects(org.query('SELECT Nope FROM Contact'), (error) => {
      assert.equal(error.errorCode, 'INVALID_FIELD');
      return true;
    });
  },
  async 'update and delete a row'() {
    const { id } = await org.sobject('Contact').create({ LastName: 'Short', Phone: '1' });
    await org.sobject('Contact').update({ Id: id, Phone: null });
    assert.equal((await org.sobject('Contact').retrieve(id)).Phone, null);
    await org.sobject('Contact').destroy(id);
    await assert.rejects(org.sobject('Contact').destroy(id), (error) => {
      assert.equal(error.errorCode, 'ENTITY_IS_DELETED');
      return true;
    });
    const bin = await org.query(`SELECT Id, IsDeleted FROM Contact WHERE Id = '${id}'`, { scanAll: true });
    assert.equal(bin.records[0].IsDeleted, true);
  },
  async 'renew a lost session'() {
    const other = new jsforce.Connection({ instanceUrl: want.loginUrl, accessToken: '00D5e0000012345!nonsense', version: '64.0' });
    await assert.rejects(other.query('SELECT Id FROM Contact LIMIT 1'), (error) => {
      assert.equal(error.errorCode, 'INVALID_SESSION_ID');
      return true;
    });
  },
};

for (const [check, run] of Object.entries(checks)) {
  let fault = '';
  try {
    await run();
  } catch (error) {
    fault = `${error.name}: ${error.message}` + (error.errorCode ? ` (${error.errorCode})` : '');
  }
  console.log(JSON.stringify({ check, fault }));
}
