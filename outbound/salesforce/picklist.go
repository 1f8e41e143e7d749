package salesforce

import (
	"context"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

const opPicklists = "read picklists"

// Picklists answers the values that the picklists of an object take in records of one record type, all of them active. The run-as user's own defaults
// are not looked at.
// https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources_picklist_values_collection.htm
func (c *Client) Picklists(ctx context.Context, o bridge.Object, recordType bridge.RecordID) (map[bridge.Field][]Picklist, error) {
	if _, err := c.objectPath(o, ""); err != nil {
		return nil, err
	}
	var answer struct {
		Fields map[bridge.Field]struct {
			Values []struct {
				Value string `json:"value"`
				Label string `json:"label"`
			} `json:"values"`
		} `json:"picklistFieldValues"`
	}
	path := c.path("/ui-api/object-info/" + rest.Segment(string(o)) + "/picklist-values/" + rest.Segment(string(recordType)))
	if err := c.do(ctx, &rest.Call{Op: opPicklists, Path: path, Into: &answer, Repeatable: true}); err != nil {
		return nil, err
	}
	all := make(map[bridge.Field][]Picklist, len(answer.Fields))
	for name, f := range answer.Fields {
		values := make([]Picklist, len(f.Values))
		for i, v := range f.Values {
			values[i] = Picklist{Value: v.Value, Label: v.Label, Active: true}
		}
		all[name] = values
	}
	return all, nil
}

// TypeNamed is the id of a record type by its developer name, or why it cannot be used.
func (o *ObjectFacts) TypeNamed(name string) (bridge.RecordID, error) { return o.recordType(name) }

// OwnerNote says why nobody by that name could own a record of the object, "" where somebody could.
func (c *Client) OwnerNote(ctx context.Context, o bridge.Object, name string) (string, error) {
	ws := []bridge.Write{{Object: o, Terms: bridge.Terms{Owners: []string{name}}}}
	if err := c.learnOwners(ctx, ws); err != nil {
		return "", err
	}
	who, known := c.owners.get(ownerKey(o, name))
	if !known {
		who.why = "no user has that name or e-mail"
	}
	if who.id != "" {
		return "", nil
	}
	return rest.Clean(who.why), nil
}
