package salesforce

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// What a row says of its own end, as far as its object has it. A lead that was converted lives on, read-only.
// https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_lead.htm
const (
	fieldDeleted = bridge.Field("IsDeleted")
	fieldMaster  = bridge.Field("MasterRecordId")
	fieldContact = bridge.Field("ConvertedContactId")
	fieldAccount = bridge.Field("ConvertedAccountId")

	leadObject = bridge.Object("Lead")
)

var _ bridge.Origins = (*Client)(nil)

// Fate tells what became of records, on the word of queryAll: deleted, merged into another, converted, or none of it. One that queryAll does not show is
// out of sight, not deleted. It costs a call for each 200 records.
func (c *Client) Fate(ctx context.Context, o bridge.Object, ids []bridge.RecordID) ([]bridge.Fate, error) {
	facts, err := c.Describe(ctx, o)
	if err != nil {
		return nil, err
	}
	columns := []string{"Id"}
	for _, name := range []bridge.Field{fieldDeleted, fieldMaster, fieldContact, fieldAccount} {
		if facts.Fields[name] != nil && (o == leadObject || name == fieldDeleted || name == fieldMaster) {
			columns = append(columns, string(name))
		}
	}
	found := map[string]bridge.Fate{}
	err = c.selectAll(ctx, selection{o, columns, "Id"}, ids, func(r record) {
		found[bridge.LongID(r.text("Id"))] = bridge.Fate{
			Deleted: string(r[string(fieldDeleted)]) == "true", Master: r.id(fieldMaster), Conversion: conversionIn(r),
		}
	})
	if err != nil {
		return nil, err
	}
	fates := make([]bridge.Fate, len(ids))
	for i, id := range ids {
		fates[i] = found[bridge.LongID(string(id))]
		fates[i].Record = id
	}
	return fates, nil
}

// Origins finds the leads, deleted ones as well, that were converted into one of the contacts or accounts. Of other objects there are none, and of an org
// whose leads the run-as user cannot see. It costs a call for each 200 records; single records that are asked for while others are looked up go together
// in the next call.
func (c *Client) Origins(ctx context.Context, o bridge.Object, ids []bridge.RecordID) ([]bridge.Converted, error) {
	if len(ids) != 1 {
		return c.origins(ctx, o, ids)
	}
	return c.births.do(ctx, string(o), birth{o, ids[0]})
}

// birth is one record that may have come of leads.
type birth struct {
	object bridge.Object
	id     bridge.RecordID
}

// birthsOf finds the leads of records of one object. Those of a record that several ask for are each one's own.
func (c *Client) birthsOf(ctx context.Context, bs []birth) ([][]bridge.Converted, error) {
	ids := make([]bridge.RecordID, len(bs))
	for i := range bs {
		ids[i] = bs[i].id
	}
	all := slices.Clone(ids)
	slices.Sort(all)
	leads, err := c.origins(ctx, bs[0].object, slices.Compact(all))
	if err != nil {
		return nil, err
	}
	of := make([][]bridge.Converted, len(bs))
	for i, id := range ids {
		id = bridge.RecordID(bridge.LongID(string(id)))
		for _, l := range leads {
			if l.Contact == id || l.Account == id {
				of[i] = append(of[i], l)
			}
		}
	}
	return of, nil
}

func (c *Client) origins(ctx context.Context, o bridge.Object, ids []bridge.RecordID) ([]bridge.Converted, error) {
	by := map[bridge.Object]bridge.Field{"Contact": fieldContact, "Account": fieldAccount}[o]
	facts, err := c.Describe(ctx, leadObject)
	if err != nil {
		return nil, err
	}
	columns := []string{"Id"}
	for _, name := range []bridge.Field{fieldContact, fieldAccount} {
		if facts.Fields[name] != nil {
			columns = append(columns, string(name))
		}
	}
	if facts.Fields[by] == nil {
		return nil, nil
	}
	var leads []bridge.Converted
	err = c.selectAll(ctx, selection{leadObject, columns, by}, ids, func(r record) {
		leads = append(leads, bridge.Converted{Lead: r.id("Id"), Conversion: conversionIn(r)})
	})
	return leads, err
}

// conversionIn is what a row says it was converted into.
func conversionIn(r record) bridge.Conversion {
	return bridge.Conversion{Contact: r.id(fieldContact), Account: r.id(fieldAccount)}
}

// selection is a query for rows whose column holds one of many ids.
type selection struct {
	object  bridge.Object
	columns []string
	by      bridge.Field
}

// selectAll hands each row to fn, deleted ones too.
func (c *Client) selectAll(ctx context.Context, s selection, ids []bridge.RecordID, fn func(record)) error {
	for part := range slices.Chunk(ids, maxInQuery) {
		list, err := idList(part)
		if err != nil {
			return err
		}
		records, err := c.query(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s IN (%s)", strings.Join(s.columns, ", "), s.object, s.by, list), true)
		if err != nil {
			return err
		}
		for _, r := range records {
			fn(r)
		}
	}
	return nil
}
