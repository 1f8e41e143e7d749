package salesforce

import (
	"context"
	"strings"

	"sfbridge/bridge"
)

// Unheard answers those of an object's fields that change without an event of its own: formulas, what Salesforce puts together of other fields, and what is
// read of parents. Those that the run-as user cannot see are left out.
// https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_object_support.htm
func (c *Client) Unheard(ctx context.Context, o bridge.Object, fields []bridge.Field) ([]bridge.Field, error) {
	facts, err := c.Describe(ctx, o)
	if err != nil {
		return nil, err
	}
	var all []bridge.Field
	for _, name := range fields {
		if strings.Contains(string(name), ".") || facts.Unheard(name) {
			all = append(all, name)
		}
	}
	return all, nil
}

// Unheard reports whether a field of the object's own changes without an event that tells it.
func (o *ObjectFacts) Unheard(name bridge.Field) bool {
	f := o.Fields[name]
	return f != nil && (f.Calculated || o.Compound(name))
}

// Compound reports whether the field is put together of others, as a person's Name is.
func (o *ObjectFacts) Compound(name bridge.Field) bool {
	for _, f := range o.Fields {
		if f.Compound == string(name) && f.Name != name {
			return true
		}
	}
	return false
}

// Spare reports whether the daily calls leave room for one that can wait: what is forecast of the day stays clear of what is left to others.
func (c *Client) Spare() bool { return c.meter.spare() }

func (q *quota) spare() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.shut && q.pace.forecast(q.last)*100 < float64(100-max(0, q.reserve))
}
