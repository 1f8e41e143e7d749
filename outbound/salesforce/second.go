package salesforce

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// Rows that Collections refused for a reason that a second try may deal with: an owner who cannot own, and a duplicate rule where its match is wanted, and a flow that failed.

// again has a refused row tried once more where its terms say how, and reports whether it is.
func (j *writing) again(ctx context.Context, b *batch, r batchRow, w bridge.Written) bool {
	e, named := asAPIError(w.Err)
	if !named || r.second {
		return false
	}
	r.second = true
	switch {
	case e.ofOwner() && r.owner != "":
		j.c.owners.refused(r.owner, "Salesforce refuses "+r.owner+" as an owner")
		facts, err := j.c.Describe(ctx, b.object)
		if err != nil {
			return false
		}
		next, err := j.c.batchRow(r.write, func() (*ObjectFacts, error) { return facts, nil })
		if err != nil {
			return false
		}
		next.place, next.second = r.place, true
		j.later(*b, next)
		return true
	case errors.Is(e, ErrDuplicateRule) && r.write.Terms.Duplicates != bridge.BuryDuplicate:
		alone := *b
		alone.alone = true
		j.later(alone, r)
		return true
	case e.Code == "CANNOT_EXECUTE_FLOW_TRIGGER" || e.Code == "FLOW_EXCEPTION": // many a flow fails on what runs beside it
		j.later(*b, r)
		return true
	}
	return false
}

// ofOwner reports whether the row's owner is to blame.
func (e *APIError) ofOwner() bool {
	return slices.Contains([]string{"INACTIVE_OWNER_OR_USER", "INVALID_OWNER", "OP_WITH_INVALID_USER_TYPE_EXCEPTION"}, e.Code)
}

// later appends a row to the calls that wait, in company where it can have some.
func (j *writing) later(b batch, r batchRow) {
	if n := len(j.todo) - 1; n >= 0 && !b.alone && j.todo[n].second && !j.todo[n].alone {
		j.todo[n].rows = append(j.todo[n].rows, r)
		return
	}
	b.rows, b.second = []batchRow{r}, true
	j.todo = append(j.todo, b)
}

// single sends one row by itself, with the header that duplicate rules ask for: Collections neither take it nor name the matches.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_duplicaterules.htm
func (c *Client) single(ctx context.Context, b *batch) bridge.Written {
	r := b.rows[0]
	save := r.write.Terms.Duplicates == bridge.SaveDuplicate
	member := maps.Clone(r.member)
	delete(member, "attributes")
	call := &rest.Call{Op: opCreate, Method: http.MethodPost, Path: c.path("/sobjects/" + string(b.object)), Body: member}
	switch b.op {
	case bridge.OpUpdate:
		call.Op, call.Method, call.Path = opUpdate, http.MethodPatch, call.Path+"/"+string(r.record)
		delete(member, "id")
	case bridge.OpUpsert:
		call.Op, call.Method, call.Path = opUpsert, http.MethodPatch, call.Path+"/"+string(b.key)+"/"+rest.Segment(r.write.KeyValue)
		delete(member, string(b.key))
	}
	call.Header = c.headers(b.assign)
	call.Header.Set("Sforce-Duplicate-Rule-Header", fmt.Sprintf("allowSave=%t; includeRecordDetails=false; runAsCurrentUser=true", save))
	var said saveResult
	call.Into = &said
	if err := c.do(ctx, call); err != nil {
		return bridge.Written{Record: r.record, Err: c.adopt(ctx, b.object, r.write, err)}
	}
	out := bridge.Written{Record: bridge.RecordID(bridge.LongID(said.ID)), Created: said.Created || b.op == bridge.OpCreate, Note: r.note}
	if out.Record == "" {
		out.Record = r.record
	}
	if save {
		out.Note = strings.TrimPrefix(out.Note+"; saved past a duplicate rule", "; ")
	}
	return out
}

// adopt has the error name the one record of the object that the duplicate rule found, where that is what the transfer wants.
func (c *Client) adopt(ctx context.Context, o bridge.Object, w *bridge.Write, err error) error {
	e, named := asAPIError(err)
	if !named || !errors.Is(e, ErrDuplicateRule) || w.Terms.Duplicates != bridge.LinkDuplicate {
		return err
	}
	facts, failed := c.Describe(ctx, o)
	if failed != nil {
		return failed
	}
	var own []bridge.RecordID
	for _, id := range e.Others {
		if facts.KeyPrefix != "" && strings.HasPrefix(string(id), facts.KeyPrefix) {
			own = append(own, id)
		}
	}
	if len(own) == 1 {
		e.Match = own[0]
		return err
	}
	return bridge.Permanent(bridge.Hint(err, "the duplicate rule found %v, and one %s is wanted: merge or change them in Salesforce, then redrive", e.Others, o))
}
