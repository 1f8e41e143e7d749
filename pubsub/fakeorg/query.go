package fakeorg

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The bounds of a query's pages and cursors.
const (
	pageRows      = 2000
	leastPageRows = 200
	openCursors   = 10
	cursorLife    = 48 * time.Hour
)

// cursor is a query whose rows were found and not all fetched.
type cursor struct {
	query *bound
	rows  []*row
	made  time.Time
}

// cursorSet holds the open cursors; a further one pushes the oldest out.
type cursorSet struct {
	byID  map[string]*cursor
	order []string
}

func (s *cursorSet) open(id string, c *cursor) {
	if s.byID == nil {
		s.byID = make(map[string]*cursor)
	}
	if len(s.order) == openCursors {
		delete(s.byID, s.order[0])
		s.order = s.order[1:]
	}
	s.byID[id] = c
	s.order = append(s.order, id)
}

// query answers /query and /queryAll: a first page by q, or a further one by locator.
func (c *call) query(all bool) reply {
	o := c.org
	if locator := c.at(1); locator != "" {
		o.mu.Lock()
		defer o.mu.Unlock()
		return c.furtherPage(o.begin(Actor{}), locator)
	}
	text := c.r.URL.Query().Get("q")
	if text == "" {
		return refusal(refuse("MALFORMED_QUERY", "A query string has to be specified"))
	}
	parsed, err := parseQuery(text)
	if err != nil {
		return refusal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.begin(Actor{})
	q, err := t.bind(parsed, nil)
	if err != nil {
		return refusal(err)
	}
	rows := q.rows(t, all)
	switch {
	case parsed.count:
		return answer(http.StatusOK, members{{"totalSize", len(rows)}, {"done", true}, {"records", []any{}}})
	case len(q.columns) > 0 && aggregates[q.columns[0].selected.function]:
		return answer(http.StatusOK, members{{"totalSize", 1}, {"done", true}, {"records", []members{q.aggregate(t, rows)}}})
	}
	found := &cursor{query: q, rows: rows, made: o.now()}
	id := ""
	if len(rows) > c.pageSize() {
		id = t.nextID("01g")
		o.cursors.open(id, found)
	}
	return c.page(t, id, found, 0)
}

// pageSize reads the wished size of a page.
func (c *call) pageSize() int {
	for option := range strings.FieldsFuncSeq(c.r.Header.Get("Sforce-Query-Options"), func(r rune) bool { return r == ',' || r == ';' }) {
		if key, value, ok := strings.Cut(option, "="); ok && strings.EqualFold(strings.TrimSpace(key), "batchSize") {
			if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
				return min(max(n, leastPageRows), pageRows)
			}
		}
	}
	return pageRows
}

func (c *call) furtherPage(t *Tx, locator string) reply {
	id, tail, _ := strings.Cut(locator, "-")
	from, err := strconv.Atoi(tail)
	found := c.org.cursors.byID[id]
	if err != nil || found == nil || from < 0 || from >= len(found.rows) || c.org.now().Sub(found.made) > cursorLife {
		return refusal(refuse("INVALID_QUERY_LOCATOR", "invalid query locator"))
	}
	return c.page(t, id, found, from)
}

func (c *call) page(t *Tx, id string, found *cursor, from int) reply {
	to := min(from+c.pageSize(), len(found.rows))
	out := members{{"totalSize", len(found.rows)}, {"done", to == len(found.rows)}}
	if to < len(found.rows) {
		out.add("nextRecordsUrl", fmt.Sprintf("/services/data/%s/query/%s-%d", c.version, id, to))
	}
	out.add("records", found.query.render(t, c.version, found.rows[from:to]))
	return answer(http.StatusOK, out)
}

// rows finds what a query asks for, in its order; all takes the recycle bin in.
func (q *bound) rows(t *Tx, all bool) []*row {
	var found []*row
	rows := t.table(q.object)
	for _, id := range q.candidates(rows) {
		if r := rows.rows[id]; r != nil && (all || !r.deleted) && q.keep(r) {
			found = append(found, r)
		}
	}
	if len(q.order) > 0 {
		q.sort(t, found)
	}
	found = found[min(q.statement.offset, len(found)):]
	if q.statement.limit >= 0 {
		found = found[:min(q.statement.limit, len(found))]
	}
	return found
}

// candidates returns the ids that can match: where the query asks for ids, just these, else all.
func (q *bound) candidates(rows *table) []string {
	asked := askedIDs(q.statement.where)
	if asked == nil {
		return rows.order
	}
	var ids []string
	for _, literal := range asked {
		if id, ok := parseID(literal.text); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// askedIDs returns the literals of a condition that wants Id to be one of them, nil where there is none.
func askedIDs(where condition) []token {
	switch w := where.(type) {
	case comparison:
		if strings.EqualFold(w.path.text, "Id") && w.sub == nil && (w.operator == "IN" || w.operator == "=") {
			return w.values
		}
	case junction:
		for _, part := range w.parts {
			if asked := askedIDs(part); asked != nil && !w.any {
				return asked
			}
		}
	}
	return nil
}

func (q *bound) sort(t *Tx, found []*row) {
	slices.SortStableFunc(found, func(a, b *row) int {
		for _, key := range q.order {
			if order := key.compare(t, a, b); order != 0 {
				return order
			}
		}
		return 0
	})
}

func (key boundOrder) compare(t *Tx, a, b *row) int {
	x, y := key.place.value(t, a), key.place.value(t, b)
	order := compare(x, y)
	switch {
	case (x == nil) != (y == nil):
		if key.nullsLast {
			return -order
		}
		return order
	case key.desc:
		return -order
	}
	return order
}

// render writes rows with the columns of the query.
func (q *bound) render(t *Tx, version string, rows []*row) []members {
	out := make([]members, 0, len(rows))
	for _, r := range rows {
		record := members{{"attributes", attributes(version, q.object, r.id)}}
		for _, c := range q.columns {
			if c.child != nil {
				record.add(c.child.statement.from.text, c.children(t, version, r))
				continue
			}
			record = c.place.render(t, version, record, r)
		}
		out = append(out, record)
	}
	return out
}

// render adds the place's value to a record, inside the parents it is reached over.
func (p *fieldPath) render(t *Tx, version string, record members, r *row) members {
	if len(p.hops) == 0 {
		record.add(p.leaf.Name, jsonValue(p.leaf.Type, p.value(t, r)))
		return record
	}
	name := p.hops[0].relationship()
	o, parent := t.follow(r, p.hops[0])
	at := slices.IndexFunc(record, func(m member) bool { return m.name == name })
	if at < 0 {
		at = len(record)
		record.add(name, nil)
	}
	if parent == nil {
		return record
	}
	inner, _ := record[at].value.(members)
	if inner == nil {
		inner = members{{"attributes", attributes(version, o, parent.id)}}
	}
	rest := &fieldPath{object: o, hops: p.hops[1:], leaf: p.leaf, kind: p.kind}
	record[at].value = rest.render(t, version, inner, parent)
	return record
}

// children runs a child sub-query for one row; no rows are null.
func (c boundColumn) children(t *Tx, version string, r *row) any {
	sub := *c.child
	keep := sub.keep
	sub.keep = func(child *row) bool { return child.values[c.by.Name] == r.id && keep(child) }
	rows := sub.rows(t, false)
	if len(rows) == 0 {
		return nil
	}
	return members{{"totalSize", len(rows)}, {"done", true}, {"records", sub.render(t, version, rows)}}
}

// aggregate makes the one row of COUNT(x), MIN(x) and MAX(x).
func (q *bound) aggregate(t *Tx, rows []*row) members {
	out := members{{"attributes", members{{"type", "AggregateResult"}}}}
	unnamed := 0
	for _, c := range q.columns {
		name := c.selected.alias
		if name == "" {
			name = fmt.Sprintf("expr%d", unnamed)
			unnamed++
		}
		var best any
		count := 0
		for _, r := range rows {
			v := c.place.value(t, r)
			if v == nil {
				continue
			}
			count++
			if order := compare(v, best); best == nil || order < 0 && c.selected.function == "MIN" || order > 0 && c.selected.function == "MAX" {
				best = v
			}
		}
		if c.selected.function == "COUNT" {
			best = count
		}
		out.add(name, jsonValue(c.place.leaf.Type, best))
	}
	return out
}
