package main

import (
	"context"

	"sfbridge/bridge"
	"sfbridge/outbound/salesforce"
)

// creationFacts is what the org says of what a record gets when it is created.
type creationFacts struct {
	// picklists answers the values that picklists take in records of a record type.
	picklists func(o bridge.Object, recordType bridge.RecordID) (map[bridge.Field][]salesforce.Picklist, error)
	// owner says why nobody by that name could own a record, "" where somebody could.
	owner func(o bridge.Object, name string) (string, error)
}

func factsOf(ctx context.Context, c *salesforce.Client) creationFacts {
	return creationFacts{
		picklists: func(o bridge.Object, t bridge.RecordID) (map[bridge.Field][]salesforce.Picklist, error) {
			return c.Picklists(ctx, o, t)
		},
		owner: func(o bridge.Object, name string) (string, error) { return c.OwnerNote(ctx, o, name) },
	}
}

// creation compares what a created record gets beside the mapped fields.
func (c *transferMapping) creation() {
	if !c.creates {
		return
	}
	c.recordTypes()
	if name := c.t.Creation.Owner; name != "" {
		why, err := c.org.owner(c.t.Object, name)
		switch {
		case err != nil:
			f := failed("", err)
			c.add(levelWarning, c.path+".owner", f.Remedy, "the owner could not be looked up: %s", f.Text)
		case why != "":
			c.add(levelFault, c.path+".owner", "name somebody who is active, or a queue of the object as queue:NAME", "%s cannot own a %s: %s", name, c.t.Object, why)
		}
	}
	if by := c.t.Creation.Account.Field; by != "" {
		c.account(c.path+".account.salesforce", by)
	}
}

// account looks whether accounts can be found by the field.
func (c *transferMapping) account(path string, by bridge.Field) {
	facts, err := c.describe("Account")
	switch {
	case err != nil:
		c.object(path, "Account", err)
	case facts.Fields[by] == nil:
		c.missing(path, facts, by)
	case !facts.Fields[by].Filterable:
		c.add(levelFault, path, "take another field, or an external id", "Salesforce cannot be searched by Account.%s (%s)", by, facts.Fields[by].Type)
	}
}
