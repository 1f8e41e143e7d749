package fakeorg

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The bounds of a collections call.
const (
	maxCollection = 200
	maxChunks     = 10
	maxRetrieve   = 2000
)

// collectionBody is the body of a collections write.
type collectionBody struct {
	AllOrNone bool             `json:"allOrNone"`
	Records   []map[string]any `json:"records"`
}

// outcome is one row's result, in the place of its row.
type outcome struct {
	id      string
	created *bool
	err     *Error
}

func (r outcome) body() members {
	if r.err != nil {
		out := members{}
		if r.id != "" {
			out.add("id", r.id)
		}
		out.add("success", false)
		out.add("errors", []rowError{r.err.row()})
		return out
	}
	out := members{{"id", r.id}, {"success", true}, {"errors", []any{}}}
	if r.created != nil {
		out.add("created", *r.created)
	}
	return out
}

// item is one row of a collections write on its way.
type item struct {
	object *Object
	run    func(t *Tx) outcome
	key    string // rows of one call with the same key refuse each other; "" has none
	clash  *Error // what they are told
	locks  []string
}

// composite answers what lies under /composite.
func (c *call) composite() reply {
	if !strings.EqualFold(c.at(1), "sobjects") || len(c.path) > 4 {
		return refusal(notFound())
	}
	switch len(c.path) {
	case 2:
		return c.only(c.collection, http.MethodPost, http.MethodPatch, http.MethodDelete)
	case 3:
		return c.only(c.retrieve, http.MethodGet, http.MethodPost)
	}
	return c.only(c.upsertCollection, http.MethodPatch)
}

func (c *call) collection() reply {
	if c.method == http.MethodDelete {
		return c.deleteCollection()
	}
	var body collectionBody
	if err := c.decodeCollection(&body); err != nil {
		return refusal(err)
	}
	var items []item
	for _, record := range body.Records {
		o, err := c.typeOf(record)
		if err != nil {
			return refusal(err)
		}
		if err := parseRow(o, record); err != nil {
			return refusal(err)
		}
		if c.method == http.MethodPost {
			items = append(items, createItem(o, record))
		} else {
			items = append(items, updateItem(o, record))
		}
	}
	return c.run(items, body.AllOrNone)
}

func (c *call) decodeCollection(body *collectionBody) *Error {
	if err := c.decode(body); err != nil {
		return err
	}
	switch {
	case len(body.Records) == 0:
		return refuse("INVALID_ARRAY", "The records array holds no rows")
	case len(body.Records) > maxCollection:
		return tooMany(maxCollection)
	}
	return nil
}

func tooMany(most int) *Error {
	return refuse("EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than %d records into this call", most)
}

// typeOf reads the type that each row of a mixed call must tell.
func (c *call) typeOf(record map[string]any) (*Object, *Error) {
	attributes, _ := record["attributes"].(map[string]any)
	name, _ := attributes["type"].(string)
	if o := c.org.object(name); o != nil {
		return o, nil
	}
	return nil, refuse("INVALID_TYPE", "sObject type '%s' is not supported.", name)
}

// parseRow refuses the whole call for what does not even parse as a row: unknown columns, and values of a wrong JSON type.
func parseRow(o *Object, record map[string]any) *Error {
	for _, name := range slices.Sorted(maps.Keys(record)) {
		value := record[name]
		if strings.EqualFold(name, "attributes") || strings.EqualFold(name, "id") {
			continue
		}
		f := o.sees(name)
		if f == nil {
			if parent := o.relationship(name); parent == nil || parent.Hidden {
				return noSuchColumn(name, o)
			}
			continue
		}
		if _, err := f.accept(value); err != nil && err.Code == "JSON_PARSER_ERROR" {
			return err
		}
	}
	return nil
}

func createItem(o *Object, record map[string]any) item {
	return item{object: o, locks: touched("", record), run: func(t *Tx) outcome {
		id, err := t.create(o, record)
		return outcome{id: id, err: err}
	}}
}

// withoutID returns the row's id and the row without it.
func withoutID(record map[string]any) (string, map[string]any) {
	id, rest := "", make(map[string]any, len(record))
	for name, value := range record {
		if strings.EqualFold(name, "id") {
			id, _ = value.(string)
			continue
		}
		rest[name] = value
	}
	return id, rest
}

func updateItem(o *Object, record map[string]any) item {
	text, rest := withoutID(record)
	id, _ := parseID(text)
	clash := refuse("DUPLICATE_VALUE", "duplicate id in list: %s", id).on()
	return item{object: o, key: id, clash: clash, locks: touched(id, rest), run: func(t *Tx) outcome {
		if text == "" {
			return outcome{err: refuse("MISSING_ARGUMENT", "Id not specified in an update call").on()}
		}
		return outcome{id: id, err: t.update(o, text, rest)}
	}}
}

func (c *call) upsertCollection() reply {
	o := c.org.object(c.at(2))
	if o == nil {
		return refusal(notFound())
	}
	f := o.sees(c.at(3))
	if f == nil || !f.ExternalID && !f.IDLookup {
		return refusal(refuse("NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", c.at(3)).as(http.StatusNotFound))
	}
	var body collectionBody
	if err := c.decodeCollection(&body); err != nil {
		return refusal(err)
	}
	var items []item
	for _, record := range body.Records {
		if named, err := c.typeOf(record); err != nil || named.Name != o.Name {
			return refusal(refuse("INVALID_TYPE", "Every row of an upsert must be of type %s", o.Name))
		}
		if err := parseRow(o, record); err != nil {
			return refusal(err)
		}
		items = append(items, upsertItem(o, f, record))
	}
	return c.run(items, body.AllOrNone)
}

func upsertItem(o *Object, f *Field, record map[string]any) item {
	value, rest := any(nil), make(map[string]any, len(record))
	hasID := false
	for name, v := range record {
		switch {
		case strings.EqualFold(name, f.Name):
			value = v
		case strings.EqualFold(name, "id"):
			hasID = true
		default:
			rest[name] = v
		}
	}
	key := strings.ToLower(textOf(value))
	if value == nil {
		key = ""
	}
	clash := refuse("DUPLICATE_EXTERNAL_ID", "Duplicate external id specified: %s", textOf(value)).on(f.Name)
	return item{object: o, key: key, clash: clash, locks: touched("", rest), run: func(t *Tx) outcome {
		if hasID && f.Name != "Id" {
			return outcome{err: refuse("INVALID_FIELD", "The Id field should not be specified in the sobject data.").on()}
		}
		return t.upsertRow(o, f, value, rest)
	}}
}

// upsertRow updates the one row that has the key, or creates it.
func (t *Tx) upsertRow(o *Object, f *Field, value any, rest map[string]any) outcome {
	ids, err := t.idsByKey(o, f, value)
	switch {
	case err != nil:
		return outcome{err: err}
	case len(ids) > 1:
		return outcome{err: refuse("DUPLICATE_EXTERNAL_ID", "%s: more than one record found for external id field: [%s]", f.Label, strings.Join(ids, ", ")).on(f.Name)}
	case len(ids) == 1:
		return outcome{id: ids[0], created: new(bool), err: t.update(o, ids[0], rest)}
	}
	rest[f.Name] = value
	id, err := t.create(o, rest)
	created := true
	return outcome{id: id, created: &created, err: err}
}

func (c *call) deleteCollection() reply {
	list := strings.Split(c.r.URL.Query().Get("ids"), ",")
	if len(list) > maxCollection {
		return refusal(tooMany(maxCollection))
	}
	var items []item
	for _, text := range list {
		items = append(items, c.deleteItem(strings.TrimSpace(text)))
	}
	return c.run(items, strings.EqualFold(c.r.URL.Query().Get("allOrNone"), "true"))
}

func (c *call) deleteItem(text string) item {
	id, ok := parseID(text)
	o := c.org.schema.Load().byPrefix(id)
	clash := refuse("DUPLICATE_VALUE", "duplicate id in list: %s", id).on()
	return item{object: o, key: id, clash: clash, locks: touched(id, nil), run: func(t *Tx) outcome {
		if !ok || o == nil {
			return outcome{err: refuse("MALFORMED_ID", "malformed id %s", text).on()}
		}
		return outcome{id: id, err: t.remove(o, id)}
	}}
}

// run writes the rows chunk by chunk, a chunk being a run of one type and one transaction; with allOrNone everything is one
// transaction. Results come in the order of the rows.
func (c *call) run(items []item, allOrNone bool) reply {
	chunks := chunked(items)
	if len(chunks) > maxChunks {
		return refusal(refuse("EXCEEDED_MAX_TYPES_LIMIT", "The request has more than %d chunks of rows; sort them by type", maxChunks))
	}
	defer c.lock(items)()
	if chunks = chunked(items); allOrNone {
		chunks = [][]item{items}
	}
	actor := c.actor(true)
	var results []outcome
	for _, chunk := range chunks {
		results = append(results, c.org.runChunk(actor, chunk, allOrNone)...)
	}
	out := make([]members, len(results))
	for i, r := range results {
		out[i] = r.body()
	}
	return answer(http.StatusOK, out)
}

// lock takes the rows' locks, and has those refused that another call has taken.
func (c *call) lock(items []item) (done func()) {
	locks := make([][]string, len(items))
	for i := range items {
		locks[i] = items[i].locks
	}
	blocked, done := c.org.labour.work(c.r.Context(), locks)
	for i := range items {
		if blocked[i] {
			items[i].run = func(*Tx) outcome { return outcome{err: lockRefused()} }
		}
	}
	return done
}

// chunked cuts the rows where their type changes.
func chunked(items []item) [][]item {
	var chunks [][]item
	for i, each := range items {
		if i == 0 || each.object != items[i-1].object {
			chunks = append(chunks, nil)
		}
		last := len(chunks) - 1
		chunks[last] = append(chunks[last], each)
	}
	return chunks
}

func (o *Org) runChunk(actor Actor, chunk []item, allOrNone bool) []outcome {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.begin(actor)
	seen := make(map[string]int)
	for _, each := range chunk {
		seen[each.key]++
	}
	results := make([]outcome, len(chunk))
	failed := false
	for i, each := range chunk {
		if each.key != "" && seen[each.key] > 1 {
			results[i] = outcome{err: each.clash}
		} else if err := t.tripped(each.object, len(chunk)); err != nil {
			results[i] = outcome{err: err}
		} else {
			results[i] = each.run(t)
		}
		failed = failed || results[i].err != nil
	}
	if failed && allOrNone {
		t.rollback(0)
		rollBack(results)
	}
	t.commit()
	return results
}

// rollBack tells the rows that were good that they went with the bad ones.
func rollBack(results []outcome) {
	for i := range results {
		if results[i].err == nil {
			results[i] = outcome{err: refuse("ALL_OR_NONE_OPERATION_ROLLED_BACK",
				"Record rolled back because not all records were valid and the request was using AllOrNone header").on()}
		}
	}
}

// retrieve answers rows by id, null in the place of those that are not there.
func (c *call) retrieve() reply {
	o := c.org.object(c.at(2))
	if o == nil {
		return refusal(notFound())
	}
	var body struct {
		IDs    []string `json:"ids"`
		Fields []string `json:"fields"`
	}
	if c.method == http.MethodPost {
		if err := c.decode(&body); err != nil {
			return refusal(err)
		}
	} else {
		body.IDs = strings.Split(c.r.URL.Query().Get("ids"), ",")
		body.Fields = strings.Split(c.r.URL.Query().Get("fields"), ",")
	}
	if len(body.IDs) > maxRetrieve {
		return refusal(tooMany(maxRetrieve))
	}
	if len(body.Fields) == 0 || body.Fields[0] == "" {
		return refusal(refuse("MISSING_ARGUMENT", "The fields to retrieve are not specified"))
	}
	fields, err := o.choose(body.Fields)
	if err != nil {
		return refusal(err)
	}
	list := make([]any, len(body.IDs))
	for i, text := range body.IDs {
		id := strings.TrimSpace(text)
		if _, ok := parseID(id); !ok {
			return refusal(refuse("MALFORMED_ID", "malformed id %s", id))
		}
		if found, err := c.find(o, id); err == nil {
			list[i] = o.renderRow(c.version, found, fields)
		}
	}
	return answer(http.StatusOK, list)
}
