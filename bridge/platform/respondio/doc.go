// Package respondio is respond.io whole: its Developer API v2 and its webhooks. https://developers.respond.io
//
//	bridge.Message ─> Send ──┬─ create: POST /contact/create_or_update/{phone or email} ─> contactId
//	                         ├─ update: PUT /contact/id:N        (only what is set)
//	                         ├─ delete: DELETE /contact/id:N     (gone already is done)
//	                         └─ tags:   POST /contact/id:N/tag   (ten at a time)
//	Find ──── GET /contact/{email or phone}, else POST /contact/list by a field; the answer is filtered to exact matches
//	Fetch ─── GET /contact/id:N
//	webhook ─> Verify (X-Webhook-Signature over the raw body, any of several keys) ─> Identify (shallow) ┄ at carry ┄> Parse
//
// What it promises:
//
//   - Every request but a create may be repeated; an update sends the fields that are set and leaves the others alone. A create finds the contact by
//     its phone or e-mail if it is there already, so that repeating it makes no second one; its outcome is still called uncertain when no answer comes.
//   - A contact event means "this contact is dirty": callbacks carry no version, arrive in any order and leave fields out, so the contact is read back.
//   - Nothing that carries an id goes through a float.
//   - A 404 is "not found" only when respond.io itself says so; anyone else's 404 is a wrong address, not a deleted contact.
//   - Requests of each operation keep the configured rate, evenly spaced; calls block for their turn.
//   - Errors hold neither token nor address nor payload.
//
// What it cannot do: write channel identities, statuses or assignees; tell a contact.updated that the API caused from one that a person caused; know
// that a callback was lost, or that two contacts share an e-mail, of which respond.io answers one.
package respondio
