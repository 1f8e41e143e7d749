package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
	"sfbridge/bridge/rule"
	"sfbridge/outbound/salesforce"
)

// mappingCheck compares the transfers of one project with what the org says of its objects and the platform of its attributes.
type mappingCheck struct {
	file     string
	places   places
	describe func(bridge.Object) (*salesforce.ObjectFacts, error)
	org      creationFacts
	own      []platform.OwnField // of the workspace; nil where the platform does not tell
	traits   *platform.Traits
	linked   []bridge.Object // to which contacts of the project are linked
	found    []placed
}

// placed is a finding with its place for sorting.
type placed struct {
	at place
	Finding
}

// add notes a finding about the value at path.
func (m *mappingCheck) add(level Level, path, remedy, format string, args ...any) {
	at := m.places.find(path)
	f := Finding{level, fmt.Sprintf("%s:%d:%d", m.file, at.line, at.column), path + ": " + fmt.Sprintf(format, args...), remedy}
	if !slices.ContainsFunc(m.found, func(p placed) bool { return p.Finding == f }) {
		m.found = append(m.found, placed{at, f})
	}
}

// all are the findings in the order of the file.
func (m *mappingCheck) all() []Finding {
	slices.SortStableFunc(m.found, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.at.line, b.at.line), cmp.Compare(a.at.column, b.at.column))
	})
	all := make([]Finding, len(m.found))
	for i := range m.found {
		all[i] = m.found[i].Finding
	}
	return all
}

// transferMapping is one transfer, and what its object is like.
type transferMapping struct {
	*mappingCheck
	path  string
	t     *rule.Transfer
	facts *salesforce.ObjectFacts
	typed ofType   // of records that are created
	known []ofType // of records that are there, where they may be of several
	// writes and creates report that rows of the object are changed, and made; unheard that something is read of which no event tells.
	writes, creates, unheard bool
}

// transfer compares one transfer.
func (m *mappingCheck) transfer(path string, t *rule.Transfer) {
	facts, err := m.describe(t.Object)
	if err != nil {
		m.object(path, t.Object, err)
		return
	}
	c := &transferMapping{mappingCheck: m, path: path, t: t, facts: facts}
	activity := t.Kind == bridge.Happened
	c.writes = t.Direction.Covers(bridge.Outbound) && !activity
	c.creates = t.Direction.Covers(bridge.Outbound) && (activity || t.NoRecord == bridge.CreateNew)
	c.rights()
	c.people()
	c.creation()
	for i := range t.Transfer.Identity {
		c.identity(fmt.Sprintf("%s.identity[%d]", path, i), &t.Transfer.Identity[i])
	}
	for i := range t.Fields {
		c.pair(fmt.Sprintf("%s.fields[%d]", path, i), i, &t.Fields[i])
	}
	for _, f := range t.ConditionReads() {
		c.reads(path+".condition", f)
	}
	c.key()
	c.reference()
	for _, f := range t.Set.Names() {
		c.constant(join(path+".set", string(f)), f, t.Set[f])
	}
	c.filled()
	c.together()
	if c.t.Reread > 0 && !c.unheard {
		c.add(levelWarning, c.path+".reread", "remove the line", "events tell of every field that the transfer reads, so nothing is read again")
	}
}

func (m *mappingCheck) object(path string, o bridge.Object, err error) {
	if e, ok := errors.AsType[*salesforce.APIError](err); ok && e.Class == salesforce.Setup {
		m.add(levelFault, path+".object", "correct the name, or give the running user access to the object", "the org has no object %s, or the running user may not see it", o)
		return
	}
	f := failed("", err)
	m.add(levelFault, path+".object", f.Remedy, "%s cannot be described: %s", o, f.Text)
}

// rights compares what is done with rows of the object with what the running user may do.
func (c *transferMapping) rights() {
	o := c.t.Object
	if !c.facts.Queryable {
		c.add(levelFault, c.path+".object", fmt.Sprintf("give the running user Read on %s", o), "the running user may not read %s", o)
	}
	if c.writes && !c.facts.Updateable {
		c.add(levelFault, c.path+".object", fmt.Sprintf(`give the running user Edit on %s, or write direction = "inbound"`, o), "the running user may not change %s", o)
	}
	if c.creates && !c.facts.Createable {
		c.add(levelFault, c.path+".object", fmt.Sprintf("give the running user Create on %s", o), "the running user may not create %s", o)
	}
}

// people looks whether an org has person accounts that the transfer is to carry.
func (c *transferMapping) people() {
	if c.t.Person() && c.facts.Fields["IsPersonAccount"] == nil {
		c.add(levelFault, c.path+".object", `switch on person accounts in Setup, or write object = "Contact"`, "the transfer maps fields of person accounts, and the org has none")
	}
}

// field finds a field of the object, and blames path where there is none.
func (c *transferMapping) field(path string, f bridge.Field) *salesforce.FieldFacts {
	if facts := c.facts.Fields[f]; facts != nil {
		return facts
	}
	c.missing(path, c.facts, f)
	return nil
}

func (m *mappingCheck) missing(path string, facts *salesforce.ObjectFacts, f bridge.Field) {
	var known []string
	for name := range facts.Fields {
		known = append(known, string(name))
	}
	remedy := suggestion(string(f), known)
	if remedy == "" {
		remedy = "correct the name, or give the running user access to the field"
	} else {
		remedy += " Otherwise give the running user access to the field"
	}
	m.add(levelFault, path, remedy, "%s has no field %s, or the running user may not see it", facts.Name, f)
}

// identity looks whether people can be found by the field.
func (c *transferMapping) identity(path string, p *bridge.Pair) {
	c.attribute(path+".platform", p.Platform)
	f := c.field(path+".salesforce", p.Salesforce)
	switch {
	case f == nil || f.Name == "Id":
	case !f.Filterable:
		c.add(levelFault, path+".salesforce", "take another field, or an external id", "Salesforce cannot be searched by %s (%s), so nobody is found by it", f.Name, f.Type)
	case !f.Unique && c.t.Direction.Covers(bridge.Outbound):
		c.add(levelWarning, path+".salesforce", "merge such records, or put a unique field first",
			"%s is not unique: where several records of %s hold the same value, none is taken and the delivery is buried", f.Name, c.t.Object)
	}
}

// pair compares one pair with both sides.
func (c *transferMapping) pair(path string, i int, p *bridge.Pair) {
	for _, f := range c.t.InboundReads(i) {
		at := path + ".salesforce"
		if p.Inbound != "" {
			at = path + ".inbound"
		}
		c.reads(at, f)
	}
	for _, a := range c.t.OutboundReads(i) {
		if p.Outbound != "" {
			c.attribute(path+".outbound", a)
		}
	}
	var target *salesforce.FieldFacts
	if p.Direction.Covers(bridge.Outbound) && p.Salesforce != "" && p.Salesforce != "Id" {
		if target = c.field(path+".salesforce", p.Salesforce); target != nil {
			c.written(path, target, p)
		}
	} else if !strings.Contains(string(p.Salesforce), ".") {
		target = c.facts.Fields[p.Salesforce]
	}
	if p.Platform != "" {
		c.attribute(path+".platform", p.Platform)
		c.types(path, target, p)
	}
}

// reads looks at a field that a mapping or a condition reads.
func (c *transferMapping) reads(path string, name bridge.Field) {
	if relation, column, dotted := strings.Cut(string(name), "."); dotted {
		c.parent(path, relation, bridge.Field(column))
		return
	}
	f := c.field(path, name)
	switch {
	case f == nil:
	case f.Type == "address" || f.Type == "location":
		c.add(levelFault, path, "read its parts, such as MailingCity", "%s is put together of other fields, and no event tells it", name)
	case f.Calculated:
		c.silent(path, "is a formula, which raises no event of its own", ofParts, name)
	case c.facts.Compound(name):
		c.silent(path, "is put together of other fields and raises no event of its own", ofParts, name)
	}
}

// ofParts is what to do about a field that is made of others.
const ofParts = "read the fields that it is made of, in an expression"

// silent warns of a field of which no event tells, unless it is read again.
func (c *transferMapping) silent(path, cause, remedy string, name bridge.Field) {
	if c.unheard = true; c.t.Reread > 0 {
		return
	}
	if c.t.Direction.Covers(bridge.Inbound) {
		remedy = `write reread = "1h" on the transfer, or ` + remedy
	}
	c.add(levelWarning, path, remedy, "%s %s: a new value is carried only once the record is read again", name, cause)
}

// parent looks at a field one parent up.
func (c *transferMapping) parent(path, relation string, column bridge.Field) {
	var known []string
	for _, f := range c.facts.Fields {
		if f.Relation == "" {
			continue
		}
		known = append(known, f.Relation)
		if f.Relation != relation {
			continue
		}
		if len(f.References) != 1 {
			c.add(levelFault, path, "map a field of one certain object", "%s leads to several objects (%s), so %s of it cannot be read", relation, listed(f.References), column)
			return
		}
		c.parentField(path, bridge.Object(f.References[0]), relation, column)
		return
	}
	remedy := suggestion(relation, known)
	if remedy == "" {
		remedy = "write the relationship's name, such as Account or Vehicle__r"
	}
	c.add(levelFault, path, remedy, "%s has no parent %s, or the running user may not see it", c.t.Object, relation)
}

func (c *transferMapping) parentField(path string, of bridge.Object, relation string, column bridge.Field) {
	facts, err := c.describe(of)
	name := bridge.Field(relation + "." + string(column))
	_, said := c.t.Parents[relation]
	switch {
	case err != nil:
		c.object(strings.TrimSuffix(path, ".object"), of, err)
	case facts.Fields[column] == nil:
		c.missing(path, facts, column)
	case c.t.Follows(name) && facts.Unheard(column):
		c.silent(path, "is a formula of the parent, which raises no event of its own", ofParts, name)
	case c.t.Follows(name):
	case said: // on purpose
		c.unheard = true
	case facts.Unheard(column):
		c.silent(path, "is a field of a parent that is put together of other fields", ofParts, name)
	default:
		c.silent(path, "is a field of a parent that is not followed", fmt.Sprintf("write parents = { %s = %q }", relation, of), name)
	}
}

// written looks whether a field may be written as the pair does, and whether its default fits.
func (c *transferMapping) written(path string, f *salesforce.FieldFacts, p *bridge.Pair) {
	inbound := `write direction = "inbound" on the pair`
	switch {
	case f.Calculated:
		c.add(levelFault, path+".salesforce", inbound, "%s is a formula and is never written", f.Name)
	case f.AutoNumber:
		c.add(levelFault, path+".salesforce", inbound, "%s is numbered by Salesforce and is never written", f.Name)
	case f.Type == "address" || f.Type == "location":
		c.add(levelFault, path+".salesforce", "map its parts, such as MailingCity", "%s is put together by Salesforce and is never written", f.Name)
	case !f.Createable && !f.Updateable:
		c.add(levelFault, path+".salesforce", "give the running user Edit on the field, or "+inbound, "the running user may not write %s", f.Name)
	case c.writes && !f.Updateable:
		c.add(levelFault, path+".salesforce", inbound+", or set it when the record is created only", "%s can be written when a record is created, never later", f.Name)
	case c.creates && !c.writes && !f.Createable:
		c.add(levelFault, path+".salesforce", "give the running user Edit on the field", "the running user may not write %s when a record is created", f.Name)
	}
	if p.Default.Known() {
		c.fits(path+".default", f, p.Default)
	}
	c.exchanges(path, f, p)
}

// constant looks at a value that is set on every create.
func (c *transferMapping) constant(path string, name bridge.Field, v bridge.Value) {
	f := c.field(path, name)
	switch {
	case f == nil:
	case !f.Createable:
		c.add(levelFault, path, "take the line out, or give the running user Edit on the field", "the running user may not write %s", name)
	default:
		c.fits(path, f, v)
	}
}

// fits looks whether a value of the configuration can stand in a field.
func (c *transferMapping) fits(path string, f *salesforce.FieldFacts, v bridge.Value) {
	if v.IsNull() {
		return
	}
	if err := f.Holds(v); err != nil {
		c.add(levelFault, path, "write "+typeWords(f.Type), "%s of type %s cannot hold %q: %v", f.Name, f.Type, v.Text, err)
		return
	}
	if n := len(utf16.Encode([]rune(v.Text))); f.Length > 0 && n > f.Length && v.Kind != bridge.Multi {
		c.add(levelFault, path, "shorten it", "%s holds %d characters, and this has %d", f.Name, f.Length, n)
	}
	c.place(path, f, v.Text)
	if len(f.Values) == 0 {
		return
	}
	for _, one := range strings.Split(v.Text, ";") {
		c.picklist(path, f, one)
	}
}

// picklist looks whether a value is one of the picklist's.
func (c *transferMapping) picklist(path string, f *salesforce.FieldFacts, value string) {
	active := c.typed.active(f)
	if slices.Contains(active, value) {
		return
	}
	remedy := suggestion(value, active)
	if remedy == "" {
		remedy = "write " + listed(active[:min(len(active), 12)])
	}
	if f.Restricted {
		c.add(levelFault, path, remedy, "%q is no value of %s%s", value, f.Name, c.typed.words(f))
	} else if f.Type != "combobox" {
		c.add(levelWarning, path, remedy, "%q is no value of %s%s; Salesforce takes it, since the picklist is open", value, f.Name, c.typed.words(f))
	}
}

// typeWords say how a value of a type is written.
func typeWords(kind string) string {
	switch kind {
	case "boolean":
		return "true or false"
	case "int", "double", "currency", "percent", "long":
		return "a number"
	case "date":
		return "a date, such as 2026-01-31"
	case "datetime":
		return "a time, such as 2026-01-31T08:00:00Z"
	default:
		return "a text"
	}
}

// key looks at the field by which rows are upserted.
func (c *transferMapping) key() {
	if c.t.Key == "" {
		return
	}
	path := c.path + ".key"
	f := c.field(path, c.t.Key)
	switch {
	case f == nil:
	case !f.ExternalID:
		c.add(levelFault, path, "tick External ID and Unique in the field's definition", "%s is no external id, so rows cannot be found by it", f.Name)
	case !f.Createable || c.writes && !f.Updateable:
		c.add(levelFault, path, "give the running user Edit on the field", "the running user may not write %s", f.Name)
	case f.Kind() != bridge.Text:
		c.add(levelFault, path, "make it a text of 64 characters", "%s is of type %s and cannot hold every id", f.Name, f.Type)
	case f.Length > 0 && f.Length < leastKey:
		c.add(levelFault, path, fmt.Sprintf("make it %d characters long or longer", leastKey), "%s holds %d characters, too few for an id of the platform", f.Name, f.Length)
	case !f.Unique:
		c.add(levelWarning, path, "tick Unique in the field's definition", "%s is not unique: two records may come to hold one id, and then neither is found", f.Name)
	}
}

// leastKey is how long an id of a platform may be at least: a whole number of 64 bits.
const leastKey = 20

// reference looks at the field that takes the linked record.
func (c *transferMapping) reference() {
	if c.t.Who == "" {
		return
	}
	f := c.field(c.path+".who", c.t.Who)
	switch {
	case f == nil:
	case f.Type != "reference":
		c.add(levelFault, c.path+".who", "write a lookup, such as WhoId", "%s is of type %s and refers to no record", f.Name, f.Type)
	case !f.Createable:
		c.add(levelFault, c.path+".who", "give the running user Edit on the field", "the running user may not write %s", f.Name)
	case len(c.linked) > 0 && !slices.ContainsFunc(c.linked, func(o bridge.Object) bool { return slices.Contains(f.References, string(o)) }):
		c.add(levelFault, c.path+".who", "write a lookup to one of them, such as WhoId", "%s refers to %s, and contacts are linked to %s", f.Name, listed(f.References), c.linked[0])
	}
}

// filled looks whether a record that is created has all that the org asks for.
func (c *transferMapping) filled() {
	if !c.creates {
		return
	}
	sure := map[bridge.Field]bool{c.t.Who: true, c.t.Key: true}
	for f := range c.t.Set {
		sure[f] = true
	}
	maybe := map[bridge.Field]bool{}
	for _, p := range slices.Concat(c.t.Fields, c.t.Transfer.Identity) {
		if p.Direction.Covers(bridge.Outbound) {
			maybe[p.Salesforce] = true
			sure[p.Salesforce] = sure[p.Salesforce] || p.Outbound != "" || p.Default.Known() && !p.Default.IsNull()
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.facts.Fields)) {
		f := c.facts.Fields[name]
		if !f.Required() || sure[name] || f.Type == "boolean" || name == "OwnerId" {
			continue
		}
		cause := "and no pair fills it"
		if maybe[name] {
			cause = "and a contact may come without it"
		}
		c.add(levelFault, c.path, fmt.Sprintf("give a pair of %s a default, or write set = { %s = ... }", name, name), "Salesforce creates no %s without %s (%s), %s", c.t.Object, name, f.Label, cause)
	}
}

// lookAtMapping compares the transfers of a project with both sides.
func (a *app) lookAtMapping(ctx context.Context, p *rule.Project, file string, at places, own []platform.OwnField) []Finding {
	m := &mappingCheck{file: file, places: at, own: own, traits: platforms()[a.cfg.Projects[string(p.ID)].Platform].traits}
	client := a.orgs[p.Org].client
	m.org = factsOf(ctx, client)
	m.describe = func(o bridge.Object) (*salesforce.ObjectFacts, error) { return client.Describe(ctx, o) }
	for _, t := range p.Transfers {
		if t.Kind == bridge.ContactTouched {
			m.linked = append(m.linked, t.Object)
		}
	}
	for i, t := range p.Transfers {
		m.transfer(fmt.Sprintf("project.%s.transfer[%d]", p.ID, i), t)
	}
	return m.all()
}
