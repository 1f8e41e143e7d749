package fakeorg

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// sobjects answers everything under /sobjects.
func (c *call) sobjects() reply {
	if len(c.path) == 1 {
		return c.only(c.describeGlobal, http.MethodGet)
	}
	o := c.org.object(c.at(1))
	if o == nil {
		return refusal(notFound())
	}
	switch len(c.path) {
	case 2:
		return c.only(func() reply { return c.object(o) }, http.MethodGet, http.MethodPost)
	case 3:
		if strings.EqualFold(c.at(2), "describe") {
			return c.only(func() reply { return c.describe(o) }, http.MethodGet)
		}
		if strings.EqualFold(c.at(2), "deleted") {
			return c.only(func() reply { return c.deletedRows(o) }, http.MethodGet)
		}
		return c.row(o, c.at(2))
	case 4:
		return c.keyed(o, c.at(2), c.at(3))
	}
	return refusal(notFound())
}

// object answers /sobjects/X: a short description, or a created row.
func (c *call) object(o *Object) reply {
	if c.method != http.MethodPost {
		return answer(http.StatusOK, members{{"objectDescribe", c.summary(o)}, {"recentItems", []any{}}})
	}
	return c.create(o)
}

func (c *call) create(o *Object) reply {
	var body map[string]any
	if err := c.decode(&body); err != nil {
		return refusal(err)
	}
	var id string
	err := c.transact(touched("", body), func(t *Tx) (err *Error) {
		id, err = t.create(o, body)
		return err
	})
	if err != nil {
		return c.refuseRow(o, err)
	}
	return c.created(o, members{{"id", id}, {"success", true}, {"errors", []any{}}}, id)
}

func (c *call) created(o *Object, body members, id string) reply {
	return answer(http.StatusCreated, body).with("Location", c.rowURL(o, id))
}

func (c *call) rowURL(o *Object, id string) string {
	return "/services/data/" + c.version + "/sobjects/" + o.Name + "/" + id
}

// upserted is the body of an answer to an upsert; that of a create does not tell what was done.
func upserted(id string, created bool) members {
	return members{{"id", id}, {"success", true}, {"errors", []any{}}, {"created", created}}
}

// transact runs fn in one transaction that commits when fn returns nil.
func transact[E comparable](o *Org, actor Actor, fn func(t *Tx) E) E {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.begin(actor)
	var none E
	if err := fn(t); err != none {
		t.rollback(0)
		return err
	}
	t.commit()
	return none
}

// transact runs fn in the transaction of a single row, under the locks of what it touches.
func (c *call) transact(ids []string, fn func(t *Tx) *Error) *Error {
	blocked, done := c.org.labour.work(c.r.Context(), [][]string{ids})
	defer done()
	if blocked[0] {
		return lockRefused()
	}
	return transact(c.org, c.actor(false), fn)
}

// find returns the row a path names, or the refusal a single-row request meets.
func (c *call) find(o *Object, text string) (*row, *Error) {
	id, ok := parseID(text)
	if !ok {
		return nil, refuse("NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", text).as(http.StatusNotFound)
	}
	c.org.mu.Lock()
	defer c.org.mu.Unlock()
	found := c.org.begin(Actor{}).table(o).rows[id]
	switch {
	case found == nil:
		return nil, notFound()
	case found.deleted:
		return nil, entityDeleted().as(http.StatusNotFound)
	}
	return found, nil
}

// row answers /sobjects/X/id.
func (c *call) row(o *Object, text string) reply {
	return c.only(func() reply {
		found, err := c.find(o, text)
		if err != nil {
			return refusal(err)
		}
		switch c.method {
		case http.MethodPatch:
			return c.update(o, found)
		case http.MethodDelete:
			return c.delete(o, found)
		}
		return c.readRow(o, found)
	}, http.MethodGet, http.MethodPatch, http.MethodDelete)
}

func (c *call) readRow(o *Object, found *row) reply {
	fields := o.visible()
	if list := c.r.URL.Query().Get("fields"); list != "" {
		chosen, err := o.choose(strings.Split(list, ","))
		if err != nil {
			return refusal(err)
		}
		fields = chosen
	}
	modified, _ := found.values["LastModifiedDate"].(time.Time)
	if since, ok := httpTime(c.r.Header.Get("If-Modified-Since")); ok && !modified.After(since) {
		return reply{status: http.StatusNotModified}
	}
	return answer(http.StatusOK, o.renderRow(c.version, found, fields)).with("Last-Modified", modified.Format(http.TimeFormat))
}

// choose finds the named fields; Id always comes with them.
func (o *Object) choose(names []string) ([]*Field, *Error) {
	var fields []*Field
	for _, name := range names {
		f := o.sees(strings.TrimSpace(name))
		if f == nil {
			return nil, noSuchColumn(strings.TrimSpace(name), o)
		}
		if !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	if id := o.Find("Id"); !slices.Contains(fields, id) {
		fields = append(fields, id)
	}
	return fields, nil
}

func (c *call) update(o *Object, found *row) reply {
	var body map[string]any
	if err := c.decode(&body); err != nil {
		return refusal(err)
	}
	modified, _ := found.values["LastModifiedDate"].(time.Time)
	if until, ok := httpTime(c.r.Header.Get("If-Unmodified-Since")); ok && modified.After(until) {
		return reply{status: http.StatusPreconditionFailed}
	}
	err := c.transact(touched(found.id, body), func(t *Tx) *Error { return t.update(o, found.id, body) })
	if err != nil {
		return c.refuseRow(o, err)
	}
	return reply{status: http.StatusNoContent}
}

func (c *call) delete(o *Object, found *row) reply {
	if err := c.transact(touched(found.id, nil), func(t *Tx) *Error { return t.remove(o, found.id) }); err != nil {
		return c.refuseRow(o, err)
	}
	return reply{status: http.StatusNoContent}
}

// keyed answers /sobjects/X/Field/value.
func (c *call) keyed(o *Object, name, value string) reply {
	f := o.sees(name)
	if f == nil || !f.ExternalID && !f.IDLookup {
		return refusal(refuse("NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", name).as(http.StatusNotFound))
	}
	if f.Name == "Id" {
		return c.row(o, value)
	}
	return c.only(func() reply {
		if c.method == http.MethodPatch {
			return c.upsert(o, f, value)
		}
		ids, err := c.org.idsByKey(o, f, value)
		switch {
		case err != nil:
			return refusal(err)
		case len(ids) == 0:
			return refusal(notFound())
		case len(ids) > 1:
			return c.choices(o, ids)
		}
		return c.row(o, ids[0])
	}, http.MethodGet, http.MethodPatch, http.MethodDelete)
}

// choices answers 300: the addresses of the rows among which a key does not decide.
func (c *call) choices(o *Object, ids []string) reply {
	var list []string
	for _, id := range ids {
		list = append(list, c.rowURL(o, id))
	}
	return answer(http.StatusMultipleChoices, list)
}

func (o *Org) idsByKey(object *Object, f *Field, value any) ([]string, *Error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.begin(Actor{}).idsByKey(object, f, value)
}

// idsByKey returns the living rows whose key field has the value as a client gave it.
func (t *Tx) idsByKey(o *Object, f *Field, value any) ([]string, *Error) {
	if text, ok := value.(string); ok && text == "" || value == nil {
		return nil, refuse("MISSING_ARGUMENT", "%s not specified", f.Name)
	}
	wanted, err := f.accept(value)
	if err != nil {
		return nil, err
	}
	return slices.Clone(t.table(o).lookup(f.Name, wanted)), nil
}

// upsert answers a PATCH by external id: the key stands in the path and must not be in the body.
func (c *call) upsert(o *Object, f *Field, value string) reply {
	var body map[string]any
	if err := c.decode(&body); err != nil {
		return refusal(err)
	}
	for name := range body {
		if strings.EqualFold(name, f.Name) || strings.EqualFold(name, "Id") {
			return refusal(refuse("INVALID_FIELD", "The %s field should not be specified in the sobject data.", f.Name))
		}
	}
	var id string
	var several []string
	created := false
	err := c.transact(touched("", body), func(t *Tx) (err *Error) {
		ids, err := t.idsByKey(o, f, value)
		if err != nil {
			return err
		}
		switch {
		case len(ids) > 1:
			several = ids
			return nil
		case len(ids) == 1:
			id = ids[0]
			return t.update(o, id, body)
		case strings.EqualFold(c.r.URL.Query().Get("updateOnly"), "true"):
			return notFound()
		}
		row := maps.Clone(body)
		if row == nil {
			row = make(map[string]any)
		}
		row[f.Name] = value
		created = true
		id, err = t.create(o, row)
		return err
	})
	switch {
	case err != nil:
		return c.refuseRow(o, err)
	case several != nil:
		return c.choices(o, several)
	case created:
		return c.created(o, upserted(id, true), id)
	case c.version < "v46.0":
		return reply{status: http.StatusNoContent}
	}
	return answer(http.StatusOK, upserted(id, false))
}

// refuseRow is refusal for a single row: it tells the rows a duplicate rule found.
func (c *call) refuseRow(o *Object, err *Error) reply {
	body := errorBody{Message: err.Message, ErrorCode: err.Code, Fields: err.Fields}
	if err.Matches != nil {
		body.Duplicate = c.duplicates(o, err)
	}
	return answer(err.Status, []errorBody{body})
}
