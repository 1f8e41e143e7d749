package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// Set holds the compiled transfers of all projects. It is read-only after Compile.
type Set struct {
	projects map[bridge.ProjectID]*Project
}

// Project is a project with its compiled transfers.
type Project struct {
	bridge.Project
	Transfers []*Transfer // in the order of the configuration
}

// Transfer is a compiled transfer.
type Transfer struct {
	bridge.Transfer
	Project   bridge.ProjectID
	identity  []*pair
	pairs     []*pair
	condition *expr
	read      map[bridge.Field]bool
}

// pair is a compiled pair.
type pair struct {
	bridge.Pair
	region  string
	in, out *expr
}

// Compile compiles the transfers of all projects and reports every fault at once, each by its place.
func Compile(projects []bridge.Project) (*Set, error) {
	s := &Set{projects: map[bridge.ProjectID]*Project{}}
	var faults []error
	for _, p := range projects {
		cp := &Project{Project: p}
		for i, t := range p.Transfers {
			ct, err := compileTransfer(&p, t)
			if err != nil {
				faults = append(faults, fmt.Errorf("project.%s.transfer[%d] %s: %w", p.ID, i, t.ID, err))
				continue
			}
			cp.Transfers = append(cp.Transfers, ct)
		}
		s.projects[p.ID] = cp
	}
	return s, errors.Join(append(faults, s.sharedKeys()...)...)
}

// sharedKeys finds external id fields that two projects of one org would both write contact ids to: a contact of the one would pass for one of the other.
func (s *Set) sharedKeys() (faults []error) {
	type place struct {
		org    string
		object bridge.Object
		key    bridge.Field
	}
	taken := map[place]bridge.ProjectID{}
	for _, p := range s.Projects() {
		for _, t := range p.Transfers {
			if t.Key == "" || t.Kind != bridge.ContactTouched {
				continue
			}
			at := place{p.Org, t.Object, t.Key}
			if by, ok := taken[at]; ok && by != p.ID {
				faults = append(faults, fmt.Errorf("project.%s.transfer %s: key %s of %s holds the contact ids of project %s already; each project needs a field of its own",
					p.ID, t.ID, t.Key, t.Object, by))
			}
			taken[at] = p.ID
		}
	}
	return faults
}

func compileTransfer(p *bridge.Project, t bridge.Transfer) (*Transfer, error) {
	ct := &Transfer{Transfer: t, Project: p.ID, read: map[bridge.Field]bool{}}
	var faults []error
	for _, list := range []struct {
		from []bridge.Pair
		to   *[]*pair
	}{{t.Identity, &ct.identity}, {t.Fields, &ct.pairs}} {
		for _, bp := range list.from {
			cp, err := compilePair(p, bp)
			faults = append(faults, err)
			*list.to = append(*list.to, cp)
		}
	}
	if t.Condition != "" {
		var err error
		ct.condition, err = compile(t.Condition)
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	ct.collect()
	return ct, nil
}

func compilePair(p *bridge.Project, bp bridge.Pair) (*pair, error) {
	cp := &pair{Pair: bp, region: p.Region}
	if cp.Direction == "" {
		cp.Direction = bridge.Both
	}
	var err1, err2 error
	if bp.Inbound != "" {
		cp.in, err1 = compile(bp.Inbound)
	}
	if bp.Outbound != "" {
		cp.out, err2 = compile(bp.Outbound)
	}
	return cp, errors.Join(err1, err2)
}

// collect gathers the read set: identity, fields, condition, and every reference in expressions.
func (t *Transfer) collect() {
	for _, p := range slices.Concat(t.identity, t.pairs) {
		for _, f := range p.sources() {
			t.read[f] = true
		}
		if p.Salesforce != "" {
			t.read[p.Salesforce] = true
		}
	}
	if t.condition != nil {
		for _, f := range t.condition.fields {
			t.read[f] = true
		}
	}
	if t.Key != "" && t.Kind == bridge.ContactTouched {
		t.read[t.Key] = true // it names the contact that a record was made from
	}
	for f := range t.read {
		if ref := reference(f); ref != "" {
			t.read[ref] = true // a new parent makes what is read of it unknown
		}
	}
	delete(t.read, "Id")
}

// reference is the field that holds the id of the parent that f reads: AccountId for Account.Name, Vehicle__c for Vehicle__r.Name; "" for a field of
// the record itself.
func reference(f bridge.Field) bridge.Field {
	parent, _, dotted := strings.Cut(string(f), ".")
	if !dotted {
		return ""
	}
	if custom, ok := strings.CutSuffix(parent, "__r"); ok {
		return bridge.Field(custom + "__c")
	}
	return bridge.Field(parent + "Id")
}

// sources are the fields from which the pair makes its attribute.
func (p *pair) sources() []bridge.Field {
	if p.in != nil {
		return p.in.fields
	}
	if p.Salesforce == "" {
		return nil
	}
	return []bridge.Field{p.Salesforce}
}

// Projects are all projects.
func (s *Set) Projects() []*Project {
	var all []*Project
	for _, p := range s.projects {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *Project) int { return compareText(a.ID, b.ID) })
	return all
}

func compareText[T ~string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Project is the project of that name, nil where there is none.
func (s *Set) Project(id bridge.ProjectID) *Project { return s.projects[id] }

// Transfer is the project's transfer of that name, nil where there is none.
func (p *Project) Transfer(id bridge.TransferID) *Transfer {
	if p == nil {
		return nil
	}
	for _, t := range p.Transfers {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// Contacts are the project's transfers of contacts that go in direction d.
func (p *Project) Contacts(d bridge.Direction) []*Transfer {
	var ts []*Transfer
	for _, t := range p.Transfers {
		if t.Kind == bridge.ContactTouched && t.Direction.Covers(d) {
			ts = append(ts, t)
		}
	}
	return ts
}

// Activities are the project's transfers of what happens on the platform under the name typ.
func (p *Project) Activities(typ string) []*Transfer {
	var ts []*Transfer
	for _, t := range p.Transfers {
		if t.Kind == bridge.Happened && t.Type == typ {
			ts = append(ts, t)
		}
	}
	return ts
}

// Reads reports whether f is in the read set.
func (t *Transfer) Reads(f bridge.Field) bool { return t.read[f] }
