package salesforce

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// How many ids go into one call: the bound of Collections, and what fits into a URL of 16 KiB.
const (
	maxRetrieve = 2000
	maxInQuery  = 200
)

// Read answers one row per id, in order, with the fields asked for. A record that is not answered may be deleted or out of sight: its row has ids
// and no version. A field that the run-as user cannot see stays unknown, as does one whose value cannot be read. Parent.Field reads one parent up,
// at the price of a query for each 200 rows. Single rows that are asked for while others are read go together in the next call.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_retrieve.htm
func (c *Client) Read(ctx context.Context, o bridge.Object, ids []bridge.RecordID, fields []bridge.Field) ([]bridge.Row, error) {
	if _, err := idList(ids); err != nil {
		return nil, err
	}
	if len(ids) != 1 {
		return c.readRows(ctx, o, ids, fields)
	}
	kind := fmt.Sprintf("%s\x00%v", o, fields)
	row, err := c.reads.do(ctx, kind, reading{o, ids[0], fields})
	if err != nil {
		return nil, err
	}
	return []bridge.Row{row}, nil
}

// reading is one row that is asked for.
type reading struct {
	object bridge.Object
	id     bridge.RecordID
	fields []bridge.Field
}

// readAll reads rows of one object and the same fields. A row that several ask for is each one's own.
func (c *Client) readAll(ctx context.Context, rs []reading) ([]bridge.Row, error) {
	ids := make([]bridge.RecordID, len(rs))
	for i := range rs {
		ids[i] = rs[i].id
	}
	all := slices.Clone(ids)
	slices.Sort(all)
	all = slices.Compact(all)
	rows, err := c.readRows(ctx, rs[0].object, all, rs[0].fields)
	if err != nil {
		return nil, err
	}
	out := make([]bridge.Row, len(rs))
	for i, id := range ids {
		at, _ := slices.BinarySearch(all, id)
		out[i] = rows[at]
		out[i].Values = maps.Clone(rows[at].Values)
	}
	return out, nil
}

func (c *Client) readRows(ctx context.Context, o bridge.Object, ids []bridge.RecordID, fields []bridge.Field) ([]bridge.Row, error) {
	columns, err := c.columns(ctx, o, fields)
	if err != nil {
		return nil, err
	}
	fetch, size := c.retrieve, maxRetrieve
	if columns.parents {
		fetch, size = c.selectByID, maxInQuery
	}
	found := make(map[string]bridge.Row, len(ids))
	for part := range slices.Chunk(ids, size) {
		records, err := fetch(ctx, o, part, columns.names())
		if err != nil {
			c.doubtUnseen(o, err)
			return nil, err
		}
		for _, r := range records {
			if r != nil {
				row := columns.row(r)
				found[string(row.Record)] = row
			}
		}
	}
	rows := make([]bridge.Row, len(ids))
	for i, id := range ids {
		rows[i] = found[bridge.LongID(string(id))]
		rows[i].Org, rows[i].Object, rows[i].Record = c.login.Org(), o, id
	}
	return rows, nil
}

// columns are the fields of a read that the run-as user sees.
type columns struct {
	fields  map[bridge.Field]*FieldFacts
	parents bool
}

func (c columns) names() []string {
	names := []string{"Id", "SystemModstamp"}
	for _, f := range slices.Sorted(maps.Keys(c.fields)) {
		if f != "Id" && f != "SystemModstamp" {
			names = append(names, string(f))
		}
	}
	return names
}

func (c *Client) columns(ctx context.Context, o bridge.Object, fields []bridge.Field) (columns, error) {
	facts, err := c.Describe(ctx, o)
	if err != nil {
		return columns{}, err
	}
	cols := columns{fields: make(map[bridge.Field]*FieldFacts, len(fields))}
	for _, name := range fields {
		relation, column, dotted := strings.Cut(string(name), ".")
		if !dotted {
			if f := facts.Fields[name]; f != nil {
				cols.fields[name] = f
			}
			continue
		}
		f, err := c.parentField(ctx, facts, relation, bridge.Field(column))
		if err != nil {
			return columns{}, err
		}
		if f != nil {
			cols.fields[name] = f
			cols.parents = true
		}
	}
	return cols, nil
}

// parentField finds a field of the object that a relationship leads to; nil where it cannot be seen or the relationship leads to several objects.
func (c *Client) parentField(ctx context.Context, child *ObjectFacts, relation string, column bridge.Field) (*FieldFacts, error) {
	for _, f := range child.Fields {
		if f.Relation != relation || len(f.References) != 1 {
			continue
		}
		parent, err := c.Describe(ctx, bridge.Object(f.References[0]))
		if err != nil {
			return nil, err
		}
		return parent.Fields[column], nil
	}
	return nil, nil
}

// retrieve reads rows by Collections; nulls stand for what cannot be seen.
func (c *Client) retrieve(ctx context.Context, o bridge.Object, ids []bridge.RecordID, fields []string) ([]record, error) {
	var records []record
	err := c.do(ctx, &rest.Call{
		Op: opRetrieve, Method: http.MethodPost, Path: c.path("/composite/sobjects/" + string(o)), Header: c.header,
		Body: map[string]any{"ids": ids, "fields": fields}, Into: &records, Repeatable: true, Reads: true,
	})
	return records, err
}

// selectByID reads rows by a query.
func (c *Client) selectByID(ctx context.Context, o bridge.Object, ids []bridge.RecordID, fields []string) ([]record, error) {
	list, err := idList(ids)
	if err != nil {
		return nil, err
	}
	return c.query(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE Id IN (%s)", strings.Join(fields, ", "), o, list), false)
}

// row reads a record. Its version is the second of its SystemModstamp.
func (c columns) row(r record) bridge.Row {
	row := bridge.Row{Record: bridge.RecordID(bridge.LongID(r.text("Id"))), Values: make(bridge.Fields, len(c.fields))}
	if t, ok := parseTime(r.text("SystemModstamp")); ok {
		row.Version.At = t.UTC().Truncate(time.Second)
	}
	for name, f := range c.fields {
		raw, ok := r.member(string(name))
		if !ok {
			continue
		}
		if v, err := f.value(raw); err == nil && v.Known() {
			row.Values[name] = v
		}
	}
	return row
}
