package salesforce

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// Bounds of a query that looks for several values at once.
const (
	maxMatches  = 100    // values
	maxLiterals = 10_000 // bytes of them as they stand in the URL, which takes 16 KiB
	maxMatched  = 2000   // rows: one page
)

// match is one look-up by one field.
type match struct {
	object  bridge.Object
	field   *FieldFacts
	literal string
	value   string
	limit   int
}

// kind is what look-ups that go together have in common.
func (m *match) kind() string { return fmt.Sprintf("%s\x00%s\x00%d", m.object, m.field.Name, m.limit) }

// Match finds live records all of whose fields hold their values, at most limit of them. Nothing to match by is an error, since everybody would match.
// Look-ups by one field of text that come while one is under way go together in the next call.
func (c *Client) Match(ctx context.Context, o bridge.Object, by bridge.Fields, limit int) ([]bridge.RecordID, error) {
	facts, err := c.Describe(ctx, o)
	if err != nil {
		return nil, err
	}
	if len(by) == 0 || limit < 1 {
		return nil, bridge.Permanent(fmt.Errorf("match %s: there is nothing to match by", o))
	}
	var conditions []string
	var one match
	for _, name := range by.Names() {
		f := facts.Fields[name]
		if f == nil {
			err := facts.unseen(name)
			c.doubtUnseen(o, err)
			return nil, err
		}
		literal, err := f.literal(by[name])
		if err != nil {
			return nil, bridge.Permanent(fmt.Errorf("match %s by %s: %w", o, name, err))
		}
		conditions = append(conditions, string(name)+" = "+literal)
		one = match{o, f, literal, by[name].Text, limit}
	}
	if len(by) == 1 && one.together() {
		return c.matches.do(ctx, one.kind(), one)
	}
	return c.matchBy(ctx, o, strings.Join(conditions, " AND "), limit)
}

// matchBy finds the records for which the condition holds.
func (c *Client) matchBy(ctx context.Context, o bridge.Object, condition string, limit int) ([]bridge.RecordID, error) {
	records, err := c.query(ctx, fmt.Sprintf("SELECT Id FROM %s WHERE %s ORDER BY Id LIMIT %d", o, condition, limit), false)
	if err != nil {
		c.doubtUnseen(o, err)
		return nil, err
	}
	ids := make([]bridge.RecordID, len(records))
	for i, r := range records {
		ids[i] = bridge.RecordID(bridge.LongID(r.text("Id")))
	}
	return ids, nil
}

// together reports whether what is found for several values can be told apart by them.
func (m *match) together() bool {
	switch m.field.Type {
	case "string", "email", "phone", "id", "reference", "picklist", "url":
		return strings.HasPrefix(m.literal, "'") && len(url.QueryEscape(m.literal)) < maxLiterals/4
	}
	return false
}

// folded is a value as Salesforce compares it: ids whatever their length, text whatever its case.
func (m *match) folded(value string) string {
	switch {
	case m.field.Type == "id" || m.field.Type == "reference":
		return bridge.LongID(value)
	case m.field.CaseSensitive:
		return value
	}
	return strings.ToLower(strings.TrimSpace(value))
}

// matchAll answers several look-ups of one kind, by as few calls as their values fit into.
func (c *Client) matchAll(ctx context.Context, ms []match) ([][]bridge.RecordID, error) {
	if len(ms) == 1 {
		found, err := c.matchBy(ctx, ms[0].object, string(ms[0].field.Name)+" = "+ms[0].literal, ms[0].limit)
		return [][]bridge.RecordID{found}, err
	}
	found := make([][]bridge.RecordID, 0, len(ms))
	for len(ms) > 0 {
		n, size := 0, 0
		for n < len(ms) && size < maxLiterals {
			size += len(url.QueryEscape(ms[n].literal)) + len("%2C")
			n++
		}
		part, err := c.matchSome(ctx, ms[:n])
		if err != nil {
			return nil, err
		}
		found, ms = append(found, part...), ms[n:]
	}
	return found, nil
}

// matchSome answers look-ups by one query. Where it cannot tell whose a row is, or there may be more rows, each is asked for by itself.
func (c *Client) matchSome(ctx context.Context, ms []match) ([][]bridge.RecordID, error) {
	m, literals := &ms[0], make([]string, len(ms))
	for i := range ms {
		literals[i] = ms[i].literal
	}
	slices.Sort(literals)
	columns := "Id"
	if m.field.Name != "Id" {
		columns += ", " + string(m.field.Name)
	}
	soql := fmt.Sprintf("SELECT %s FROM %s WHERE %s IN (%s) ORDER BY Id LIMIT %d", columns, m.object, m.field.Name,
		strings.Join(slices.Compact(literals), ","), maxMatched)
	records, err := c.query(ctx, soql, false)
	if err != nil {
		c.doubtUnseen(m.object, err)
		return nil, err
	}
	by, wanted := map[string][]bridge.RecordID{}, map[string]bool{}
	for i := range ms {
		wanted[m.folded(ms[i].value)] = true
	}
	for _, r := range records {
		value := m.folded(r.text(string(m.field.Name)))
		if !wanted[value] || len(records) == maxMatched {
			return c.matchEach(ctx, ms)
		}
		if len(by[value]) < m.limit {
			by[value] = append(by[value], bridge.RecordID(bridge.LongID(r.text("Id"))))
		}
	}
	found := make([][]bridge.RecordID, len(ms))
	for i := range ms {
		found[i] = slices.Clone(by[m.folded(ms[i].value)])
	}
	return found, nil
}

func (c *Client) matchEach(ctx context.Context, ms []match) ([][]bridge.RecordID, error) {
	found := make([][]bridge.RecordID, len(ms))
	for i := range ms {
		var err error
		if found[i], err = c.matchBy(ctx, ms[i].object, string(ms[i].field.Name)+" = "+ms[i].literal, ms[i].limit); err != nil {
			return nil, err
		}
	}
	return found, nil
}
