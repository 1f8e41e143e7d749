package respondio

import (
	"context"
	"errors"
	"net/url"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
	"sfbridge/bridge/rest"
)

var _ platform.Cataloguer = (*Client)(nil)

// wireField is a custom field as respond.io lists it. https://developers.respond.io
type wireField struct {
	Name   string   `json:"name"`
	Type   string   `json:"dataType"`
	Values []string `json:"allowedValues"`
}

// kinds are what values of a type are; any other type is text.
var kinds = map[string]bridge.Kind{"number": bridge.Number, "checkbox": bridge.Bool, "date": bridge.Date}

// OwnFields answers the workspace's custom fields. It costs one request for each hundred.
func (c *Client) OwnFields(ctx context.Context) ([]platform.OwnField, error) {
	var all []platform.OwnField
	query := url.Values{"limit": {"100"}}
	for range maxPages {
		var p struct {
			Items      []wireField `json:"items"`
			Pagination struct {
				Next string `json:"next"`
			} `json:"pagination"`
		}
		if _, err := c.http.Do(ctx, &rest.Call{Op: "read fields", Path: "/space/custom_field?" + query.Encode(), Into: &p, Repeatable: true}); err != nil {
			return nil, hinted(err)
		}
		for _, f := range p.Items {
			own := platform.OwnField{Name: bridge.Attribute(custom + f.Name), Kind: bridge.Text, Type: f.Type, Values: f.Values}
			if k, ok := kinds[f.Type]; ok {
				own.Kind = k
			}
			all = append(all, own)
		}
		next := cursor(p.Pagination.Next)
		if next == "" {
			return all, nil
		}
		query.Set("cursorId", next)
	}
	return nil, errors.New("read fields: the pages do not end")
}
