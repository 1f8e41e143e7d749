package salesforce

import (
	"context"
	"net/url"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

const opMembers = "read channel members"

// changeEvent ends the name of what a channel has selected: ContactChangeEvent, Vehicle__ChangeEvent.
const changeEvent = "ChangeEvent"

// Members answers the objects that a custom channel tells of. Few users may see them; for others it is an error of class Setup, or one that names no
// such object.
// https://developer.salesforce.com/docs/atlas.en-us.api_tooling.meta/api_tooling/tooling_api_objects_platformeventchannelmember.htm
func (c *Client) Members(ctx context.Context, channel string) ([]bridge.Object, error) {
	id := ""
	err := c.tooling(ctx, "SELECT Id, DeveloperName FROM PlatformEventChannel", func(r record) {
		if r.text("DeveloperName") == strings.TrimSuffix(channel, "__chn") {
			id = r.text("Id")
		}
	})
	if err != nil {
		return nil, err
	}
	var all []bridge.Object
	err = c.tooling(ctx, "SELECT EventChannel, SelectedEntity FROM PlatformEventChannelMember", func(r record) {
		if of := r.text("EventChannel"); of != channel && (id == "" || of != id) {
			return
		}
		name, ok := strings.CutSuffix(r.text("SelectedEntity"), changeEvent)
		if custom, is := strings.CutSuffix(name, "__"); is {
			name = custom + "__c"
		}
		if ok {
			all = append(all, bridge.Object(name))
		}
	})
	return all, err
}

// tooling runs a query of the Tooling API and hands each row to each.
func (c *Client) tooling(ctx context.Context, soql string, each func(record)) error {
	var p page
	if err := c.do(ctx, &rest.Call{Op: opMembers, Path: c.path("/tooling/query?q=" + url.QueryEscape(soql)), Into: &p, Repeatable: true}); err != nil {
		return err
	}
	for _, r := range p.Records {
		each(r)
	}
	return nil
}
