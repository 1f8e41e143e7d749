package salesforce

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// Bounds of a query that looks for several values at once. A statement may have 100,000 characters, and the URL that it stands in 16 KiB.
const (
	maxLiterals = 13_000 // bytes of values as they stand in the URL; the columns have the rest
	maxMatched  = 2000   // rows: one page
	maxMatches  = 1000   // look-ups, or people looked for, who wait for the same queries
)

// seekAll answers what several look for.
func (c *Client) seekAll(ctx context.Context, seekers [][]match) ([][][]bridge.RecordID, error) {
	var all []match
	for _, ms := range seekers {
		all = append(all, ms...)
	}
	found, err := c.matchAll(ctx, all)
	if err != nil {
		return nil, err
	}
	answers := make([][][]bridge.RecordID, len(seekers))
	for i, ms := range seekers {
		answers[i], found = found[:len(ms)], found[len(ms):]
	}
	return answers, nil
}

// matchAll answers look-ups, those of a kind by as few calls as their values fit into.
func (c *Client) matchAll(ctx context.Context, ms []match) ([][]bridge.RecordID, error) {
	found := make([][]bridge.RecordID, len(ms))
	places := map[string][]int{}
	var kinds []string
	for i := range ms {
		kind := ms[i].kind()
		if places[kind] == nil {
			kinds = append(kinds, kind)
		}
		places[kind] = append(places[kind], i)
	}
	for _, kind := range kinds {
		for rest := places[kind]; len(rest) > 0; {
			n := fitting(ms, rest)
			m := &matching{c: c, ms: ms, found: found}
			if err := m.answer(ctx, rest[:n]); err != nil {
				return nil, err
			}
			rest = rest[n:]
		}
	}
	return found, nil
}

// fitting is how many of the look-ups fit into one query.
func fitting(ms []match, places []int) (n int) {
	for size := 0; n < len(places); n++ {
		if size += ms[places[n]].size(); size > maxLiterals {
			break
		}
	}
	return n
}

// matching answers look-ups of one kind in their places.
type matching struct {
	c     *Client
	ms    []match
	found [][]bridge.RecordID
}

// answer answers by one query. Where that cannot tell whose a row is, or there may be more rows, each half is asked for by itself.
func (m *matching) answer(ctx context.Context, places []int) error {
	one := &m.ms[places[0]]
	if len(places) == 1 {
		ids, err := m.c.matchBy(ctx, one.object, one.alone(), one.limit)
		m.found[places[0]] = ids
		return err
	}
	s := m.sought(places)
	records, err := m.c.query(ctx, s.soql(one), false)
	if err != nil {
		m.c.doubtUnseen(one.object, err)
		return err
	}
	if len(records) == maxMatched || slices.ContainsFunc(records, s.doubtful) {
		half := len(places) / 2
		if err := m.answer(ctx, places[:half]); err != nil {
			return err
		}
		return m.answer(ctx, places[half:])
	}
	holding := s.holding(records)
	for _, p := range places {
		look := &m.ms[p]
		ids := holding[look.field.Name][look.folded(look.value)]
		m.found[p] = append([]bridge.RecordID{}, ids[:min(len(ids), look.limit)]...)
	}
	return nil
}

// sought is what a query looks for, by field.
type sought struct {
	fields []bridge.Field
	of     map[bridge.Field]*values
}

// values are those of one field.
type values struct {
	match    *match
	literals []string
	wanted   map[string]bool
	plain    bool // all are ASCII
}

func (m *matching) sought(places []int) *sought {
	s := &sought{of: map[bridge.Field]*values{}}
	for _, p := range places {
		one := &m.ms[p]
		v := s.of[one.field.Name]
		if v == nil {
			v = &values{match: one, wanted: map[string]bool{}, plain: true}
			s.of[one.field.Name] = v
			s.fields = append(s.fields, one.field.Name)
		}
		v.literals = append(v.literals, one.literal)
		v.wanted[one.folded(one.value)] = true
		v.plain = v.plain && isASCII(one.value)
	}
	slices.Sort(s.fields)
	return s
}

// soql is the query: one list for each field.
func (s *sought) soql(kind *match) string {
	columns, lists := []string{"Id"}, make([]string, len(s.fields))
	for i, f := range s.fields {
		v := s.of[f]
		slices.Sort(v.literals)
		v.literals = slices.Compact(v.literals)
		lists[i] = fmt.Sprintf("%s IN (%s)", f, strings.Join(v.literals, ","))
		if f != "Id" {
			columns = append(columns, string(f))
		}
	}
	condition := strings.Join(lists, " OR ")
	if len(lists) > 1 && kind.also != "" {
		condition = "(" + condition + ")"
	}
	return fmt.Sprintf("SELECT %s FROM %s WHERE %s%s ORDER BY Id LIMIT %d", strings.Join(columns, ", "), kind.object, condition, kind.also, maxMatched)
}

// doubtful reports whether nobody can tell for whom Salesforce answered the row: it may take values for equal that we do not.
func (s *sought) doubtful(r record) bool {
	known := false
	for _, f := range s.fields {
		v, text := s.of[f], r.text(string(f))
		switch {
		case v.wanted[v.match.folded(text)]:
			known = true
		case text != "" && !(v.plain && isASCII(text)):
			return true
		}
	}
	return !known
}

// holding are the records by field and value.
func (s *sought) holding(records []record) map[bridge.Field]map[string][]bridge.RecordID {
	all := make(map[bridge.Field]map[string][]bridge.RecordID, len(s.fields))
	for _, f := range s.fields {
		by := make(map[string][]bridge.RecordID, len(records))
		for _, r := range records {
			value := s.of[f].match.folded(r.text(string(f)))
			by[value] = append(by[value], r.id("Id"))
		}
		all[f] = by
	}
	return all
}

func isASCII(s string) bool {
	for _, b := range []byte(s) {
		if b >= 0x80 {
			return false
		}
	}
	return true
}
