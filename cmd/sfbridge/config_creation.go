package main

import (
	"regexp"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// CreationConfig is the part of a transfer that says what a record gets beside the mapped fields when the bridge creates it.
type CreationConfig struct {
	RecordType  string        `toml:"record_type"`  // developer name of the record type
	Owner       string        `toml:"owner"`        // a user by name, e-mail or id, or queue:NAME
	OwnerFrom   string        `toml:"owner_from"`   // attribute that holds the owner's user name, e-mail or id
	Account     AccountConfig `toml:"account"`      // the account of a contact that is created
	Assign      string        `toml:"assign"`       // off, default or the id of an assignment rule
	OnDuplicate string        `toml:"on_duplicate"` // what becomes of a record that a duplicate rule stops
}

// AccountConfig is how the account of a contact that is created is found.
type AccountConfig struct {
	ID         string `toml:"id"`         // of the account of all
	Salesforce string `toml:"salesforce"` // field of Account that is matched
	Platform   string `toml:"platform"`   // attribute that holds its value
	Otherwise  string `toml:"otherwise"`  // what becomes of a contact without an account
}

const (
	assignOff    = "off"
	assignOn     = "default"
	otherPrivate = "private"
	buryIt       = "bury"
)

func (c *CreationConfig) byDefault() { c.Assign, c.OnDuplicate = assignOff, buryIt }

func (c *CreationConfig) noun() bridge.Creation {
	n := bridge.Creation{
		RecordType: c.RecordType, Owner: c.Owner, OwnerFrom: bridge.Attribute(c.OwnerFrom), Assign: c.Assign, Duplicates: bridge.Duplicates(c.OnDuplicate),
		Account: bridge.AccountRule{
			Record: bridge.RecordID(c.Account.ID), Field: bridge.Field(c.Account.Salesforce), Attribute: bridge.Attribute(c.Account.Platform),
			Otherwise: bridge.Otherwise(c.Account.Otherwise),
		},
	}
	if c.Assign == assignOff {
		n.Assign = ""
	}
	if c.OnDuplicate == buryIt {
		n.Duplicates = bridge.BuryDuplicate
	}
	if c.Account.Otherwise == otherPrivate {
		n.Account.Otherwise = bridge.CreatePrivate
	}
	return n
}

var (
	namePatternOfType = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,79}$`)
	rulePattern       = regexp.MustCompile(`^01Q[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$`)
	// queued are the standard objects whose records a queue may own; custom objects may be too.
	queued = []string{"Lead", "Case", "Task", "Order"}
	// assigned are the objects that have assignment rules.
	assigned = []string{"Lead", "Case", "Account"}
)

// creation looks at what a record gets when it is created.
func (c *transferCheck) creation() {
	t := c.t
	if t.RecordType != "" && !namePatternOfType.MatchString(t.RecordType) {
		c.add(c.path+".record_type", "write the developer name, such as Customer, as Setup shows it beside the label", "%q is not the name of a record type", t.RecordType)
	}
	c.owner()
	if t.Assign != assignOff && t.Assign != assignOn && !rulePattern.MatchString(t.Assign) {
		c.add(c.path+".assign", `write "off", "default" for the active rule, or the id of a rule, which begins with 01Q`, "%q is no assignment rule", t.Assign)
	} else if t.Assign != assignOff && !slices.Contains(assigned, t.Object) {
		c.add(c.path+".assign", "remove the line; "+strings.Join(assigned, ", ")+" have assignment rules", "%s has no assignment rules", t.Object)
	}
	c.oneOf(c.path+".on_duplicate", t.OnDuplicate, []string{buryIt, string(bridge.LinkDuplicate), string(bridge.SaveDuplicate)})
	if t.Account != (AccountConfig{}) {
		c.account()
	}
}

func (c *transferCheck) owner() {
	t := c.t
	queue, isQueue := strings.CutPrefix(t.Owner, "queue:")
	switch {
	case t.Owner == "":
	case isQueue && !namePatternOfType.MatchString(queue):
		c.add(c.path+".owner", `write the queue's developer name, such as "queue:Support"`, "%q is not the name of a queue", queue)
	case isQueue && !slices.Contains(queued, t.Object) && !strings.HasSuffix(t.Object, "__c"):
		c.add(c.path+".owner", "name a user; a queue may own "+strings.Join(queued, ", ")+" and custom objects", "no queue may own a %s", t.Object)
	case !isQueue && !bridge.IsID(t.Owner) && !strings.Contains(t.Owner, "@"):
		c.add(c.path+".owner", `write a user's name or e-mail, an id, or a queue as "queue:Support"`, "%q names no owner", t.Owner)
	}
	if t.OwnerFrom != "" {
		c.attribute(c.path+".owner_from", t.OwnerFrom, bridge.Outbound)
	}
}

func (c *transferCheck) account() {
	a, path := &c.t.Account, c.path+".account"
	if c.t.Object != "Contact" {
		c.add(path, "remove it, or map AccountId", "the account rule is for contacts, not for %s", c.t.Object)
		return
	}
	c.oneOf(path+".otherwise", a.Otherwise, []string{"", otherPrivate, string(bridge.CreateLead), string(bridge.CreateNobody)})
	if a.ID != "" && (!bridge.IsID(a.ID) || !strings.HasPrefix(a.ID, "001")) {
		c.add(path+".id", "it has 15 or 18 characters and begins with 001; the address of the account's page shows it", "%q is not the id of an account", a.ID)
	}
	if (a.Salesforce == "") != (a.Platform == "") {
		c.add(path, `write both, such as account = { salesforce = "Name", platform = "custom.company" }`, "an account is matched by a field and an attribute")
	} else if a.Salesforce == "" && a.ID == "" && a.Otherwise != otherPrivate && a.Otherwise != string(bridge.CreateLead) {
		c.add(path, `write account = { salesforce = "Name", platform = "custom.company" }, or account = { id = "001..." }, or no_match_outbound = "skip"`, "nothing says which account")
	}
	c.optionalField(path+".salesforce", a.Salesforce)
	if a.Platform != "" {
		c.attribute(path+".platform", a.Platform, bridge.Outbound)
	}
	if a.Otherwise == string(bridge.CreateLead) && !slices.ContainsFunc(c.p.Transfers, func(t TransferConfig) bool {
		return t.Object == "Lead" && t.Type == "" && t.NoMatchOutbound == string(bridge.CreateNew)
	}) {
		c.add(path+".otherwise", `add a transfer of Lead with no_match_outbound = "create"`, "no transfer of the project creates leads")
	}
}
