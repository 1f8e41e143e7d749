package respondio

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
	"sfbridge/bridge/rest"
)

// Bounds of a search by a field: an identity that fits more contacts than this identifies nobody.
const (
	pageSize = 100
	maxPages = 10
)

// Find answers the contacts whose attribute exactly holds v. By e-mail and phone respond.io answers one contact at most, even where several share it.
func (c *Client) Find(ctx context.Context, a bridge.Attribute, v bridge.Value) ([]bridge.Contact, error) {
	at, known := c.traits.Attribute(a)
	if !known {
		return nil, bridge.Permanent(fmt.Errorf("find contact: respond.io knows no attribute %q", string(a)))
	}
	if !v.Known() || v.IsNull() {
		return nil, nil
	}
	var found []bridge.Contact
	var err error
	switch a {
	case "id", "email", "phone":
		segment, ok := identifier(a, v)
		if !ok {
			return nil, nil // nobody can have it
		}
		found, err = c.one(ctx, segment)
	default:
		found, err = c.list(ctx, strings.TrimPrefix(string(a), custom), v)
	}
	return platform.Exact(found, a, v, at.Format), err
}

// Fetch answers the contact with all attributes, or an error wrapping bridge.ErrNotFound.
func (c *Client) Fetch(ctx context.Context, id bridge.ContactID) (bridge.Contact, error) {
	segment, ok := byID(id)
	if !ok {
		return bridge.Contact{}, bridge.Permanent(fmt.Errorf("read contact: the id is not one of respond.io: %w", bridge.ErrNotFound))
	}
	o, err := c.get(ctx, segment)
	if err != nil {
		return bridge.Contact{}, err
	}
	got := contactOf(o)
	if got.ID != id {
		return bridge.Contact{}, fmt.Errorf("read contact %s: respond.io answered with another", id)
	}
	return got, nil
}

func (c *Client) one(ctx context.Context, segment string) ([]bridge.Contact, error) {
	o, err := c.get(ctx, segment)
	switch {
	case isNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []bridge.Contact{contactOf(o)}, nil
}

func (c *Client) get(ctx context.Context, segment string) (object, error) {
	var o object
	_, err := c.http.Do(ctx, &rest.Call{Op: "read contact", Path: "/contact/" + segment, Into: &o, Repeatable: true})
	return o, err
}

// page is one answer of the list.
type page struct {
	Items      []object `json:"items"`
	Pagination struct {
		Next string `json:"next"`
	} `json:"pagination"`
}

// list searches by a field of the contact. The filter is respond.io's own; the address of the next page is not followed, only its cursor taken.
func (c *Client) list(ctx context.Context, name string, v bridge.Value) ([]bridge.Contact, error) {
	body := object{"search": "", "timezone": "UTC", "filter": object{"$and": []object{
		{"category": "contactField", "field": name, "operator": "isEqualTo", "value": v.Text},
	}}}
	var found []bridge.Contact
	query := url.Values{"limit": {fmt.Sprint(pageSize)}}
	for range maxPages {
		var p page
		call := &rest.Call{
			Op: "list contacts", Method: http.MethodPost, Path: "/contact/list?" + query.Encode(), Body: body, Into: &p, Repeatable: true, Reads: true,
		}
		if _, err := c.http.Do(ctx, call); err != nil {
			return nil, err
		}
		for _, o := range p.Items {
			found = append(found, contactOf(o))
		}
		next := cursor(p.Pagination.Next)
		if next == "" {
			return found, nil
		}
		query.Set("cursorId", next)
	}
	return nil, bridge.Permanent(fmt.Errorf("list contacts: more than %d contacts hold the same %s", maxPages*pageSize, name))
}

// cursor is where the next page begins, "" on the last.
func cursor(next string) string {
	u, err := url.Parse(next)
	if err != nil {
		return ""
	}
	return u.Query().Get("cursorId")
}
