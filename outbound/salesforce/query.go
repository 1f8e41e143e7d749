package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// record is one row as REST answers it: members are decoded by the field's type, see convert.go.
type record map[string]json.RawMessage

func (r record) text(field string) string {
	var s string
	_ = json.Unmarshal(r[field], &s) // anything but a string counts as none
	return s
}

// id is a reference in its 18-character form.
func (r record) id(field bridge.Field) bridge.RecordID {
	return bridge.RecordID(bridge.LongID(r.text(string(field))))
}

// member finds a column, one parent up where its name has a dot. A parent that is not there leaves its columns null.
func (r record) member(name string) (json.RawMessage, bool) {
	relation, column, dotted := strings.Cut(name, ".")
	raw, ok := r[relation]
	if !dotted || !ok || string(raw) == "null" {
		return raw, ok
	}
	var parent record
	if json.Unmarshal(raw, &parent) != nil {
		return nil, false
	}
	raw, ok = parent[column]
	return raw, ok
}

// page is one page of a query.
type page struct {
	Done    bool     `json:"done"`
	Next    string   `json:"nextRecordsUrl"`
	Records []record `json:"records"`
}

// maxPages bounds a query of ours: 50 million rows at the largest page, five million at the smallest.
const maxPages = 25_000

// query runs SOQL and reads all pages. With all, deleted and merged rows come too.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm
func (c *Client) query(ctx context.Context, soql string, all bool) ([]record, error) {
	var rows []record
	err := c.pages(ctx, soql, all, func(page []record) error {
		rows = append(rows, page...)
		return nil
	})
	return rows, err
}

// pages runs SOQL and hands each page to each; an error of each ends it.
func (c *Client) pages(ctx context.Context, soql string, all bool, each func([]record) error) error {
	resource := "/query?q="
	if all {
		resource = "/queryAll?q="
	}
	next := c.path(resource + url.QueryEscape(soql))
	for range maxPages {
		var p page
		if err := c.do(ctx, &rest.Call{Op: opQuery, Path: next, Header: c.header, Into: &p, Repeatable: true}); err != nil {
			return err
		}
		if err := each(p.Records); err != nil {
			return err
		}
		if p.Done || p.Next == "" {
			return nil
		}
		if next = p.Next; !strings.HasPrefix(next, "/services/data/") {
			return fmt.Errorf("%s: the next page lies outside of the API", opQuery)
		}
	}
	return errors.New("query rows: the pages do not end")
}

// soqlEscapes are the characters that mean something inside a string of SOQL.
// https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm
var soqlEscapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\b", `\b`, "\f", `\f`)

// quoted is s as a string of SOQL: nothing in it can end the string.
func quoted(s string) string { return "'" + soqlEscapes.Replace(s) + "'" }

// idList is ids for IN. It refuses what has not the form of an id.
func idList(ids []bridge.RecordID) (string, error) {
	var b strings.Builder
	for i, id := range ids {
		if !bridge.IsID(string(id)) {
			return "", bridge.Permanent(fmt.Errorf("%q is not the id of a record", rest.Clean(string(id))))
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quoted(string(id)))
	}
	return b.String(), nil
}

// isAPIName reports whether s can name an object or a field.
func isAPIName(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	for i, c := range []byte(s) {
		letter := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

// objectPath is the path of an object's resource, or an error for what cannot be an object's name.
func (c *Client) objectPath(o bridge.Object, after string) (string, error) {
	if !isAPIName(string(o)) {
		return "", bridge.Permanent(fmt.Errorf("%q is not the API name of an object", rest.Clean(string(o))))
	}
	return c.path("/sobjects/" + string(o) + after), nil
}
