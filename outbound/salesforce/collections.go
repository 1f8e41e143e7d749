package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// maxRows is how many rows one Collections call takes.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections.htm
const maxRows = 200

// saveResult is what Collections say of one row, and what single rows say of theirs.
type saveResult struct {
	ID      string      `json:"id"`
	Success bool        `json:"success"`
	Created bool        `json:"created"`
	Errors  []wireError `json:"errors"`
}

// batch is the rows of one Collections call: one object, one operation, one key field, no target twice.
type batch struct {
	object bridge.Object
	op     bridge.Op
	key    bridge.Field
	assign string // assignment rule; "" for none
	second bool   // rows of a second try
	alone  bool   // its one row goes by itself
	rows   []batchRow
}

// batchRow is one row and the place of its write in the caller's list.
type batchRow struct {
	place  int
	write  *bridge.Write
	record bridge.RecordID
	member map[string]any
	owner  string // that the terms chose
	note   string
	second bool // this is its second try
}

// call is the request of a batch. It is not repeatable: after an unknown outcome the caller looks the rows up.
func (b *batch) call(c *Client) (*rest.Call, error) {
	call := &rest.Call{Op: opWrite, Method: http.MethodPatch, Path: c.path("/composite/sobjects"), Header: c.headers(b.assign)}
	switch b.op {
	case bridge.OpCreate:
		call.Method = http.MethodPost
	case bridge.OpUpsert:
		call.Path = c.path("/composite/sobjects/" + string(b.object) + "/" + string(b.key))
	}
	members := make([]map[string]any, len(b.rows))
	for i, r := range b.rows {
		members[i] = r.member
	}
	body, err := json.Marshal(map[string]any{"allOrNone": false, "records": members})
	if err != nil {
		return nil, bridge.Permanent(fmt.Errorf("%s: encode: %w", opWrite, err))
	}
	call.Body = body
	return call, nil
}

// send carries the batch out and answers each row in order, or the error of the whole call.
func (b *batch) send(ctx context.Context, c *Client) ([]bridge.Written, error) {
	call, err := b.call(c)
	if err != nil {
		return nil, err
	}
	var results []saveResult
	call.Into = &results
	if err := c.do(ctx, call); err != nil {
		return nil, err
	}
	return b.read(results)
}

// read turns results into verdicts. Results that do not fit the rows leave every outcome unknown.
func (b *batch) read(results []saveResult) ([]bridge.Written, error) {
	if len(results) != len(b.rows) {
		return nil, bridge.Uncertain(fmt.Errorf("%s: %d results for %d rows", opWrite, len(results), len(b.rows)))
	}
	written := make([]bridge.Written, len(results))
	for i := range results {
		written[i] = b.rows[i].verdict(b.op, &results[i])
	}
	return written, nil
}

func (r *batchRow) verdict(op bridge.Op, s *saveResult) bridge.Written {
	w := bridge.Written{Record: bridge.RecordID(bridge.LongID(s.ID)), Created: s.Created || op == bridge.OpCreate, Note: r.note}
	if w.Record == "" {
		w.Record = r.record
	}
	if s.Success && bridge.IsID(string(w.Record)) {
		return w
	}
	if s.Success {
		return bridge.Written{Err: bridge.Uncertain(fmt.Errorf("%s: a success without an id", opWrite))}
	}
	e := foremost(s.Errors).apiError(opWrite, http.StatusOK)
	if e.Code == "OPERATION_ENQUEUED" {
		return w
	}
	e.row = true
	e.classify(false)
	return bridge.Written{Record: r.record, Err: e.marked()}
}

// promote takes one shared code on every row of a call for what it is: a right that lacks, not the rows' fault.
func promote(written []bridge.Written) {
	code := ""
	for _, w := range written {
		e, ok := asAPIError(w.Err)
		if !ok || !e.isShared() || code != "" && e.Code != code {
			return
		}
		code = e.Code
	}
	if len(written) < 2 {
		return
	}
	for i := range written {
		e, _ := asAPIError(written[i].Err)
		e.Class = Setup
		written[i].Err = e.marked()
	}
}
