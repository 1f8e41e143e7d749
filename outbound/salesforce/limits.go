package salesforce

import (
	"context"
	"fmt"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// Limit is one allowance of the org.
type Limit struct {
	Max       int `json:"Max"`
	Remaining int `json:"Remaining"`
}

// Limits answers the org's allowances by name, such as DailyApiRequests, exact within some five minutes. A run-as user may lack the right to read
// them; that is an error of class Setup and means that they are unknown.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_limits.htm
func (c *Client) Limits(ctx context.Context) (map[string]Limit, error) {
	var all map[string]Limit
	err := c.do(ctx, &rest.Call{Op: opLimits, Path: c.path("/limits"), Into: &all, Repeatable: true})
	return all, err
}

// Usage answers what the last answer said of the API calls; it calls nothing.
func (c *Client) Usage() Usage { return c.meter.usage() }

// Finding is what a probe learns of an org.
type Finding struct {
	Org      bridge.OrgID
	User     bridge.RecordID
	Instance string
	Name     string
	Edition  string
	Sandbox  bool
	Usage    Usage
}

// Probe logs in and looks whether the org answers in the pinned version: the identity of the org is its id with IsSandbox.
func (c *Client) Probe(ctx context.Context) (Finding, error) {
	s, err := c.login.Token(ctx)
	if err != nil {
		return Finding{}, err
	}
	f := Finding{Org: s.Org, User: s.User, Instance: s.InstanceURL}
	if err := c.checkVersion(ctx); err != nil {
		return f, err
	}
	rows, err := c.query(ctx, "SELECT Id, Name, IsSandbox, OrganizationType FROM Organization", false)
	if err != nil {
		return f, err
	}
	if len(rows) != 1 || bridge.OrgID(bridge.LongID(rows[0].text("Id"))) != s.Org {
		return f, bridge.Unavailable(fmt.Errorf("probe: %w", ErrOtherOrg), setupWait)
	}
	f.Name, f.Edition = rows[0].text("Name"), rows[0].text("OrganizationType")
	f.Sandbox = string(rows[0]["IsSandbox"]) == "true"
	f.Usage = c.Usage()
	return f, nil
}

// checkVersion looks for the pinned version among those that the org serves. The list costs no API call.
func (c *Client) checkVersion(ctx context.Context) error {
	var all []struct {
		Version string `json:"version"`
	}
	if err := c.do(ctx, &rest.Call{Op: opVersions, Path: "/services/data/", Into: &all, Repeatable: true}); err != nil {
		return err
	}
	for _, v := range all {
		if "v"+v.Version == c.config.APIVersion {
			return nil
		}
	}
	err := fmt.Errorf("probe: the org does not serve API version %s", c.config.APIVersion)
	return bridge.Unavailable(bridge.Hint(err, "set api_version to one that the org serves"), setupWait)
}
