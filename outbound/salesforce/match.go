package salesforce

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// match is one look-up by one field whose answer can be told from others' by the value. Among what else must hold is no text.
type match struct {
	object  bridge.Object
	field   *FieldFacts
	literal string
	value   string
	also    string // what else must hold, with its AND
	limit   int
}

var _ bridge.Seeker = (*Client)(nil)

// kind is what look-ups that go together in a query have in common.
func (m *match) kind() string { return fmt.Sprintf("%s\x00%s\x00%d", m.object, m.also, m.limit) }

// alone is the condition of the look-up by itself.
func (m *match) alone() string { return string(m.field.Name) + " = " + m.literal + m.also }

// Match finds live records all of whose fields hold their values, at most limit of them. Nothing to match by is an error, since everybody would match.
// Look-ups by a field of text that come while one is under way go together in the next call.
func (c *Client) Match(ctx context.Context, o bridge.Object, by bridge.Fields, limit int) ([]bridge.RecordID, error) {
	m, condition, err := c.match(ctx, bridge.LookUp{Object: o, By: by, Limit: limit})
	if err != nil {
		return nil, err
	}
	if m == nil {
		return c.matchBy(ctx, o, condition, limit)
	}
	return c.matches.do(ctx, m.kind(), *m)
}

// Seek answers look-ups together, and with those of others who look for as much at the time: for half the linger they wait for company. An answer that
// is nil was not given: that look-up is one for Match, which says what is wrong with it.
func (c *Client) Seek(ctx context.Context, ls []bridge.LookUp) ([][]bridge.RecordID, error) {
	found := make([][]bridge.RecordID, len(ls))
	var ms []match
	var places []int
	var kinds []string
	for i, l := range ls {
		if m, _, err := c.match(ctx, l); err == nil && m != nil {
			ms, places, kinds = append(ms, *m), append(places, i), append(kinds, m.kind())
		}
	}
	if len(ms) == 0 {
		return found, ctx.Err()
	}
	slices.Sort(kinds)
	answers, err := c.seeks.do(ctx, strings.Join(slices.Compact(kinds), "\x01"), ms)
	if err != nil {
		return nil, err
	}
	for i, place := range places {
		found[place] = answers[i]
	}
	return found, nil
}

// match reads a look-up: one that goes together with others, or the whole condition of one that does not.
func (c *Client) match(ctx context.Context, l bridge.LookUp) (*match, string, error) {
	facts, err := c.Describe(ctx, l.Object)
	if err != nil {
		return nil, "", err
	}
	if len(l.By) == 0 || l.Limit < 1 {
		return nil, "", bridge.Permanent(fmt.Errorf("match %s: there is nothing to match by", l.Object))
	}
	var conditions, also []string
	var texts []match
	for _, name := range l.By.Names() {
		f := facts.Fields[name]
		if f == nil {
			err := facts.unseen(name)
			c.doubtUnseen(l.Object, err)
			return nil, "", err
		}
		literal, err := f.literal(l.By[name])
		if err != nil {
			return nil, "", bridge.Permanent(fmt.Errorf("match %s by %s: %w", l.Object, name, err))
		}
		condition := string(name) + " = " + literal
		conditions = append(conditions, condition)
		if m := (match{object: l.Object, field: f, literal: literal, value: l.By[name].Text, limit: l.Limit}); m.together() {
			texts = append(texts, m)
		} else {
			also = append(also, " AND "+condition)
		}
	}
	if len(texts) != 1 {
		return nil, strings.Join(conditions, " AND "), nil
	}
	texts[0].also = strings.Join(also, "")
	return &texts[0], "", nil
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
		ids[i] = r.id("Id")
	}
	return ids, nil
}

// together reports whether what is found for several values can be told apart by them.
func (m *match) together() bool {
	switch m.field.Type {
	case "string", "email", "phone", "id", "reference", "picklist", "url":
		return strings.HasPrefix(m.literal, "'") && m.size() < maxLiterals/4
	}
	return false
}

// size is what the look-up takes up in a URL.
func (m *match) size() int { return len(url.QueryEscape(m.literal + ",")) }

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
