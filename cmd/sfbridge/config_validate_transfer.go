package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// expressionUse says what an expression is for, which decides what it may name and must answer.
type expressionUse string

// The uses.
const (
	conditionUse expressionUse = "condition"
	inboundUse   expressionUse = "inbound"
	outboundUse  expressionUse = "outbound"
)

var (
	fieldPattern     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	parentPattern    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*$`)
	attributePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$`)
	// compounds are fields that Salesforce puts together itself and refuses in a write.
	compounds = []string{"Name", "MailingAddress", "OtherAddress", "BillingAddress", "ShippingAddress", "Address", "PersonMailingAddress"}
	// obligatory names the fields without which Salesforce creates no row, by object.
	obligatory = map[string][]string{"Contact": {"LastName"}, "Lead": {"LastName", "Company"}, "Account": {"Name"}}
)

// transferCheck looks at one transfer.
type transferCheck struct {
	*validation
	path string
	p    *ProjectConfig
	t    *TransferConfig
}

func (c *transferCheck) run() {
	t := c.t
	if t.Name == "" {
		c.add(c.path+".name", `give it a name, such as "contacts"`, "the transfer has no name")
	} else if !transferPattern.MatchString(t.Name) {
		c.add(c.path+".name", "use letters, digits, blanks, dots and hyphens", "%q cannot be the name of a transfer", t.Name)
	}
	if t.Recipe != "" {
		c.oneOf(c.path+".recipe", t.Recipe, recipeNames())
	}
	if t.Recipe != "" && t.Type != "" {
		c.add(c.path+".recipe", "remove it", "a recipe is for contacts, and this is a transfer of activities")
	}
	if t.Object == "" {
		c.add(c.path+".object", `write the API name, such as object = "Contact"`, "the Salesforce object is missing")
	} else if !fieldPattern.MatchString(t.Object) {
		c.add(c.path+".object", "write the API name, such as Contact or Vehicle__c", "%q is not the name of an object", t.Object)
	}
	c.oneOf(c.path+".direction", t.Direction, directions())
	c.oneOf(c.path+".no_match_inbound", t.NoMatchInbound, []string{"create", "skip"})
	c.oneOf(c.path+".no_match_outbound", t.NoMatchOutbound, []string{"create", "skip"})
	c.oneOf(c.path+".on_delete", t.OnDelete, []string{"keep", "delete"})
	c.gone()
	c.timing(".timing_inbound", t.TimingInbound, bridge.Inbound)
	c.timing(".timing_outbound", t.TimingOutbound, bridge.Outbound)
	c.rereads()
	c.optionalField(c.path+".key", t.Key)
	c.expression(c.path+".condition", t.Condition, conditionUse)
	c.constants()
	c.creation()
	c.parents()
	c.pairs("identity", t.Identity)
	c.pairs("fields", t.Fields)
	if t.Type != "" {
		c.activity()
	} else {
		c.contact()
	}
	c.twice()
}

func (c *transferCheck) activity() {
	if t := platforms()[c.p.Platform].traits; t != nil && !slices.Contains(t.Events, c.t.Type) {
		c.add(c.path+".type", meant(c.t.Type, t.Events), "%s has no event %q", t.Name, c.t.Type)
	}
	if c.t.Direction != string(bridge.Outbound) {
		c.add(c.path+".direction", `write direction = "outbound"`, "what happens on a platform goes to Salesforce alone")
	}
	if len(c.t.Fields) == 0 && len(c.t.Set) == 0 {
		c.add(c.path+".fields", `add fields = [ { salesforce = "Subject", platform = "message.text" } ]`, "the transfer writes nothing")
	}
	if len(c.t.Identity) > 0 {
		c.add(c.path+".identity", "remove it: the contact's own transfer says how it is found", "an activity has no identity of its own")
	}
	c.optionalField(c.path+".who", c.t.Who)
}

func (c *transferCheck) contact() {
	if len(c.t.Identity) == 0 {
		c.add(c.path+".identity", `add identity = [ { salesforce = "Email", platform = "email", format = "email" } ]`, "nothing says how both sides are matched")
	}
	if len(c.t.Fields) == 0 && len(c.t.Identity) == 0 {
		c.add(c.path+".fields", `add fields = [ { salesforce = "LastName", platform = "lastName" } ]`, "the transfer carries no field")
	}
	if c.t.Who != "" {
		c.add(c.path+".who", "remove it, or name the event by type =", "who is for activities")
	}
	c.creatable()
}

// creatable sees to it that a row that is to be created has what Salesforce asks for.
func (c *transferCheck) creatable() {
	if !bridge.Direction(c.t.Direction).Covers(bridge.Outbound) || c.t.NoMatchOutbound != string(bridge.CreateNew) {
		return
	}
	fields := obligatory[c.t.Object]
	if c.t.Object == "Account" && c.t.RecordType != "" && c.sure("LastName") {
		fields = nil // a person account, whose name Salesforce puts together
	}
	for _, field := range fields {
		if _, ok := c.t.Set[field]; ok || c.sure(field) {
			continue
		}
		c.add(c.path+".no_match_outbound", fmt.Sprintf(`give the pair of %s a default, or write set = { %s = "..." }`, field, field),
			"Salesforce creates no %s without %s, and a contact may come without it", c.t.Object, field)
		return
	}
}

// gone sees to it that only a transfer that creates records is asked to create some anew.
func (c *transferCheck) gone() {
	path := c.path + ".on_gone"
	c.oneOf(path, c.t.OnGone, []string{string(bridge.LeaveGone), string(bridge.CreateGone)})
	switch {
	case c.t.OnGone != string(bridge.CreateGone):
	case c.t.Type != "":
		c.add(path, "write it on the transfer of contacts", "an activity is nobody's edit, so on_gone does nothing here")
	case !bridge.Direction(c.t.Direction).Covers(bridge.Outbound):
		c.add(path, "remove it, or change the direction of the transfer", "the transfer is inbound, so no edit goes to Salesforce")
	case c.t.NoMatchOutbound != string(bridge.CreateNew):
		c.add(path, `write no_match_outbound = "create"`, "the transfer creates no records, so none is created anew either")
	}
}

// timing sees to it that a timing can be read, and is one of a way that the transfer goes.
func (c *transferCheck) timing(key, text string, way bridge.Direction) {
	timing, err := bridge.ParseTiming(text)
	switch {
	case err != nil:
		c.add(c.path+key, `write "real-time", "every 15m", "daily 22:00 Asia/Tokyo" or "never"`, "%q is no timing: %v", text, err)
	case !timing.RealTime() && !bridge.Direction(c.t.Direction).Covers(way):
		c.add(c.path+key, "remove it, or change the direction of the transfer", "the transfer goes %s alone, so %s does nothing here", c.t.Direction, key[1:])
	}
}

// sure reports whether a pair always gives the field a value.
func (c *transferCheck) sure(field string) bool {
	return slices.ContainsFunc(slices.Concat(c.t.Fields, c.t.Identity), func(p PairConfig) bool {
		return p.Salesforce == field && (p.Outbound != "" || p.Default != nil && p.Default != "")
	})
}

func (c *transferCheck) constants() {
	for field, v := range c.t.Set {
		path := join(c.path+".set", field)
		if !fieldPattern.MatchString(field) {
			c.add(path, "write the API name, such as Status", "%q is not the name of a field", field)
		} else if _, ok := valueOf(v); !ok {
			c.add(path, "write a text, a number, a date, true, false or a list of texts", "a field cannot hold %s", kindOf(v))
		}
	}
	for i, tag := range c.t.Tags {
		if strings.TrimSpace(tag) == "" || len([]rune(tag)) > 255 {
			c.add(fmt.Sprintf("%s.tags[%d]", c.path, i), "write 1 to 255 characters", "the tag is empty or too long")
		}
	}
}

// identityKeys are the keys of a pair of identity: it only compares.
var identityKeys = []string{"salesforce", "platform", "format"}

// idle blames what a pair of identity does not heed.
func (c *transferCheck) idle(path string, p *PairConfig) {
	for _, k := range []struct {
		key string
		set bool
	}{
		{"direction", p.Direction != ""}, {"default", p.Default != nil}, {"keep_null", p.KeepNull}, {"if_empty", p.IfEmpty}, {"values", p.Values != nil},
		{"inbound", p.Inbound != ""}, {"outbound", p.Outbound != ""}, {"on_refused", p.OnRefused != ""},
	} {
		if k.set {
			c.add(path+"."+k.key, "write it on a pair of fields", "a pair of identity only compares, so %s does nothing here", k.key)
		}
	}
}

// parents sees to it that relationships and objects are named as such.
func (c *transferCheck) parents() {
	for relation, object := range c.t.Parents {
		path := join(c.path+".parents", relation)
		if !fieldPattern.MatchString(relation) || strings.HasSuffix(relation, "__c") || strings.HasSuffix(relation, "Id") {
			c.add(path, "write the relationship, such as Account or Vehicle__r", "%q is not the name of a relationship", relation)
		}
		if object != "" && !fieldPattern.MatchString(object) {
			c.add(path, `write the object's API name, such as Vehicle__c, or "" to follow none`, "%q is not the name of an object", object)
		}
	}
}

func (c *transferCheck) pairs(key string, pairs []PairConfig) {
	for i := range pairs {
		path := fmt.Sprintf("%s.%s[%d]", c.path, key, i)
		c.pair(path, &pairs[i])
		if key == "identity" {
			c.idle(path, &pairs[i])
		} else {
			c.refusal(path+".on_refused", &pairs[i])
		}
	}
}

func (c *transferCheck) pair(path string, p *PairConfig) {
	whole := bridge.Direction(c.t.Direction)
	direction := whole
	if p.Direction != "" {
		c.oneOf(path+".direction", p.Direction, directions())
		if direction = bridge.Direction(p.Direction); (whole == bridge.Inbound || whole == bridge.Outbound) && !direction.Covers(whole) {
			c.add(path+".direction", "remove the pair or change the direction of the transfer", "the transfer is %s, so an %s pair does nothing", whole, direction)
		}
	}
	c.sides(path, p, direction)
	c.oneOf(path+".format", cmp.Or(p.Format, "text"), []string{"text", string(bridge.PhoneFormat), string(bridge.EmailFormat)})
	if p.Format == "text" {
		p.Format = ""
	}
	if _, ok := valueOf(p.Default); !ok {
		c.add(path+".default", "write a text, a number, a date, true, false or a list of texts", "a field cannot hold %s", kindOf(p.Default))
	}
	c.exchange(path+".values", p, direction)
	c.expression(path+".inbound", p.Inbound, inboundUse)
	c.expression(path+".outbound", p.Outbound, outboundUse)
}

// exchange sees to it that a value of the platform stands for one value of Salesforce.
func (c *transferCheck) exchange(path string, p *PairConfig, d bridge.Direction) {
	if !d.Covers(bridge.Outbound) {
		return
	}
	from := map[string]string{}
	for _, sf := range slices.Sorted(maps.Keys(p.Values)) {
		pf := strings.ToLower(p.Values[sf])
		if first, ok := from[pf]; ok {
			c.add(join(path, sf), `write direction = "inbound" on the pair, or another value`, "%q stands for %s already, so nobody could tell which of them is meant on the way back", p.Values[sf], first)
		}
		from[pf] = sf
	}
}

// sides sees to it that both ends of a pair are named where they are needed.
func (c *transferCheck) sides(path string, p *PairConfig, d bridge.Direction) {
	switch {
	case p.Salesforce == "" && (p.Inbound == "" || d.Covers(bridge.Outbound)):
		c.add(path+".salesforce", `write salesforce = "LastName"`, "the pair names no Salesforce field")
	case p.Salesforce != "" && !fieldPattern.MatchString(p.Salesforce) && !parentPattern.MatchString(p.Salesforce):
		c.add(path+".salesforce", "write the API name, such as LastName, Region__c or Account.Name", "%q is not the name of a field", p.Salesforce)
	case d.Covers(bridge.Outbound) && strings.Contains(p.Salesforce, "."):
		c.add(path+".salesforce", `write direction = "inbound" on the pair`, "%s belongs to the parent and is read, never written", p.Salesforce)
	case d.Covers(bridge.Outbound) && slices.Contains(compounds, p.Salesforce) && !slices.Contains(obligatory[c.t.Object], p.Salesforce):
		c.add(path+".salesforce", `map its parts, such as FirstName and LastName, or write direction = "inbound" on the pair`,
			"Salesforce puts %s together itself and refuses it in a write", p.Salesforce)
	}
	switch {
	case p.Platform == "" && (p.Outbound == "" || d.Covers(bridge.Inbound)):
		c.add(path+".platform", `write platform = "lastName"`, "the pair names no attribute of the platform")
	case p.Platform != "" && !attributePattern.MatchString(p.Platform):
		c.add(path+".platform", "write the attribute, such as lastName or custom.region", "%q is not the name of an attribute", p.Platform)
	case p.Platform != "":
		c.attribute(path+".platform", p.Platform, d)
	}
}

// attribute sees to it that the platform has the attribute, and lets it be written where it is to be.
func (c *transferCheck) attribute(path, name string, d bridge.Direction) {
	t := platforms()[c.p.Platform].traits
	if t == nil || t.Custom != "" && strings.HasPrefix(name, t.Custom) && len(name) > len(t.Custom) {
		return
	}
	var known []string
	for _, a := range t.Attributes {
		if known = append(known, string(a.Name)); string(a.Name) == name {
			if a.ReadOnly && d.Covers(bridge.Inbound) && !strings.Contains(path, ".identity[") {
				c.add(path, `write direction = "outbound" on the pair`, "%s lets nobody write %s", t.Name, name)
			}
			return
		}
	}
	for _, a := range t.Activities {
		if known = append(known, string(a)); string(a) == name && c.t.Type != "" {
			return
		}
	}
	c.add(path, cmp.Or(suggestion(name, known), `custom fields are written as custom.NAME`), "%s has no attribute %q", t.Name, name)
}

// twice blames two pairs that write the same field or the same attribute.
func (c *transferCheck) twice() {
	seen := map[string]string{}
	for i, p := range c.t.Fields {
		d := bridge.Direction(cmp.Or(p.Direction, c.t.Direction))
		path := fmt.Sprintf("%s.fields[%d]", c.path, i)
		if d.Covers(bridge.Outbound) && p.Salesforce != "" {
			c.taken(seen, "field "+p.Salesforce, path+".salesforce")
		}
		if d.Covers(bridge.Inbound) && p.Platform != "" {
			c.taken(seen, "attribute "+p.Platform, path+".platform")
		}
	}
}

func (c *transferCheck) taken(seen map[string]string, what, path string) {
	if first, ok := seen[what]; ok {
		c.add(path, "keep one of them, or give each a direction of its own", "the %s is written by %s too", what, first)
		return
	}
	seen[what] = strings.TrimPrefix(path[:strings.LastIndex(path, ".")], c.path+".")
}

func (c *transferCheck) optionalField(path, field string) {
	if field != "" && !fieldPattern.MatchString(field) {
		c.add(path, "write the API name, such as PlatformId__c", "%q is not the name of a field", field)
	}
}

func (c *transferCheck) expression(path, source string, use expressionUse) {
	if source == "" || c.judge == nil {
		return
	}
	c.addError(path, c.judge(source, use))
}
