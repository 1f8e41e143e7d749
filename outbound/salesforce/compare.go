package salesforce

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// Operations of a compare.
const (
	opDeleted = "list deletions"
	opCount   = "count rows"
)

// deletedReach is how far back Salesforce lists deletions: 15 days, less what clocks may differ.
const deletedReach = 15*24*time.Hour - time.Hour

// Rights looks anew whether the run-as user sees the object at all. It does not take an earlier answer.
func (c *Client) Rights(ctx context.Context, o bridge.Object) error {
	c.types.forget(o)
	facts, err := c.Describe(ctx, o)
	if err != nil {
		return err
	}
	if !facts.Queryable {
		return bridge.Hint(fmt.Errorf("%s cannot be queried by the integration user", o), "give it View All on %s", o)
	}
	return nil
}

// Changed hands the live rows that the query asks for to each, a page at a time and by the time at which they were written. An error of each ends it.
func (c *Client) Changed(ctx context.Context, q bridge.Since, each func([]bridge.Row) error) error {
	cols, err := c.columns(ctx, q.Object, q.Fields)
	if err != nil {
		return err
	}
	soql := fmt.Sprintf("SELECT %s FROM %s%s ORDER BY SystemModstamp", strings.Join(cols.names(), ", "), q.Object, writtenSince(" WHERE ", q.At))
	return c.pages(ctx, soql, false, func(records []record) error {
		rows := make([]bridge.Row, len(records))
		for i, r := range records {
			rows[i] = cols.row(r)
			rows[i].Org, rows[i].Object = c.login.Org(), q.Object
		}
		return each(rows)
	})
}

// writtenSince is the condition behind the word that joins it, "" for all rows.
func writtenSince(word string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return word + "SystemModstamp >= " + at.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05Z")
}

// deletions is the answer of getDeleted.
type deletions struct {
	Records []struct {
		ID string `json:"id"`
		At string `json:"deletedDate"`
	} `json:"deletedRecords"`
	Earliest string `json:"earliestDateAvailable"`
	Latest   string `json:"latestDateCovered"`
}

// Deleted lists what was deleted since a time: what the recycle bin holds, and what the list of deletions names, which knows also of what left the bin.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_getdeleted.htm
func (c *Client) Deleted(ctx context.Context, o bridge.Object, since time.Time) (bridge.Deletions, error) {
	d, err := c.listDeleted(ctx, o, since)
	if err != nil {
		return d, err
	}
	facts, err := c.Describe(ctx, o)
	if err != nil || facts.Fields["IsDeleted"] == nil {
		return d, err
	}
	listed := map[bridge.RecordID]bool{}
	for i := range d.Rows {
		listed[d.Rows[i].Record] = true
	}
	soql := fmt.Sprintf("SELECT Id, SystemModstamp FROM %s WHERE IsDeleted = true%s", o, writtenSince(" AND ", since))
	err = c.pages(ctx, soql, true, func(records []record) error {
		for _, r := range records {
			row := columns{}.row(r)
			if listed[row.Record] {
				continue
			}
			row.Org, row.Object, row.Deleted, row.Values = c.login.Org(), o, true, nil
			d.Rows = append(d.Rows, row)
		}
		return nil
	})
	return d, err
}

// listDeleted asks for the list of deletions, whose seconds do not count.
func (c *Client) listDeleted(ctx context.Context, o bridge.Object, since time.Time) (bridge.Deletions, error) {
	now := c.deps.Now().UTC()
	from, to := since.UTC().Truncate(time.Minute), now.Truncate(time.Minute)
	if oldest := now.Add(-deletedReach).Truncate(time.Minute); from.Before(oldest) {
		from = oldest
	}
	if to.Sub(from) < time.Minute {
		from = to.Add(-time.Minute)
	}
	window := url.Values{"start": {from.Format(time.RFC3339)}, "end": {to.Format(time.RFC3339)}}
	path, err := c.objectPath(o, "/deleted/?"+window.Encode())
	if err != nil {
		return bridge.Deletions{}, err
	}
	var got deletions
	if err := c.do(ctx, &rest.Call{Op: opDeleted, Path: path, Into: &got, Repeatable: true}); err != nil {
		return bridge.Deletions{}, err
	}
	d := bridge.Deletions{From: from, To: to}
	if t, ok := parseTime(got.Earliest); ok && t.After(from) {
		d.From = t
	}
	if t, ok := parseTime(got.Latest); ok && t.Before(to) {
		d.To = t
	}
	for _, r := range got.Records {
		at, ok := parseTime(r.At)
		if id := bridge.LongID(r.ID); ok && bridge.IsID(id) {
			row := bridge.Row{Org: c.login.Org(), Object: o, Record: bridge.RecordID(id), Deleted: true}
			row.Version.At = at.UTC().Truncate(time.Second)
			d.Rows = append(d.Rows, row)
			continue
		}
		return bridge.Deletions{}, errors.New(opDeleted + ": the answer names no record or no time")
	}
	return d, nil
}

// Count answers how many live rows the run-as user sees that were written at a time or later; the zero time counts all.
func (c *Client) Count(ctx context.Context, o bridge.Object, since time.Time) (int, error) {
	if !isAPIName(string(o)) {
		return 0, bridge.Permanent(fmt.Errorf("%q is not the API name of an object", rest.Clean(string(o))))
	}
	soql := "SELECT COUNT() FROM " + string(o) + writtenSince(" WHERE ", since)
	var got struct {
		Total int `json:"totalSize"`
	}
	err := c.do(ctx, &rest.Call{Op: opCount, Path: c.path("/query?q=" + url.QueryEscape(soql)), Header: c.header, Into: &got, Repeatable: true})
	return got.Total, err
}
