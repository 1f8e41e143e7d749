package salesforce

import (
	"context"
	"fmt"
	"maps"
	"net/http"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// Create inserts one row by itself. Header holds what only single rows take, such as Sforce-Duplicate-Rule-Header; it may be nil.
// Its APIError names the matches of a duplicate rule.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_sobject_create.htm
func (c *Client) Create(ctx context.Context, o bridge.Object, set bridge.Fields, header http.Header) (bridge.RecordID, error) {
	path, err := c.objectPath(o, "")
	if err != nil {
		return "", err
	}
	written, err := c.writeRow(ctx, &rest.Call{Op: opCreate, Method: http.MethodPost, Path: path}, o, set, header)
	return written.Record, err
}

// Update changes one row by itself.
func (c *Client) Update(ctx context.Context, o bridge.Object, id bridge.RecordID, set bridge.Fields, header http.Header) error {
	path, err := c.objectPath(o, "/"+rest.Segment(string(id)))
	if err != nil {
		return err
	}
	_, err = c.writeRow(ctx, &rest.Call{Op: opUpdate, Method: http.MethodPatch, Path: path, Repeatable: true}, o, set, header)
	return err
}

// Upsert writes one row by itself, found by an external id.
func (c *Client) Upsert(ctx context.Context, w bridge.Write, header http.Header) (bridge.Written, error) {
	if !isAPIName(string(w.Key)) {
		return bridge.Written{}, bridge.Permanent(fmt.Errorf("%q is not the API name of a field", rest.Clean(string(w.Key))))
	}
	path, err := c.objectPath(w.Object, "/"+string(w.Key)+"/"+rest.Segment(w.KeyValue))
	if err != nil {
		return bridge.Written{}, err
	}
	set := maps.Clone(w.Set)
	delete(set, w.Key) // it stands in the path, and may not stand in the row
	return c.writeRow(ctx, &rest.Call{Op: opUpsert, Method: http.MethodPatch, Path: path, Repeatable: true}, w.Object, set, header)
}

// Delete deletes one row. One that is gone already is an error wrapping ErrGone.
func (c *Client) Delete(ctx context.Context, o bridge.Object, id bridge.RecordID) error {
	path, err := c.objectPath(o, "/"+rest.Segment(string(id)))
	if err != nil {
		return err
	}
	err = c.do(ctx, &rest.Call{Op: opDelete, Method: http.MethodDelete, Path: path, Header: c.header, Repeatable: true})
	return err
}

// writeRow sends one row to its own resource.
func (c *Client) writeRow(ctx context.Context, call *rest.Call, o bridge.Object, set bridge.Fields, header http.Header) (bridge.Written, error) {
	facts, err := c.Describe(ctx, o)
	if err != nil {
		return bridge.Written{}, err
	}
	body, err := facts.row(set)
	if err != nil {
		return bridge.Written{}, err
	}
	var said saveResult
	call.Body, call.Into, call.Header = body, &said, c.header.Clone()
	for name, values := range header {
		call.Header[name] = values
	}
	if err := c.do(ctx, call); err != nil {
		return bridge.Written{}, err
	}
	return bridge.Written{Record: bridge.RecordID(bridge.LongID(said.ID)), Created: said.Created || call.Op == opCreate}, nil
}
