package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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

// NextTick is the next tick after a moment of what the project carries one way, the zero time where all of it goes at once or never.
func (p *Project) NextTick(way bridge.Direction, after time.Time) (next time.Time) {
	for _, tr := range p.Transfers {
		timing := tr.Timing(way)
		if timing.RealTime() || timing.Never || !tr.Direction.Covers(way) {
			continue
		}
		if at := timing.Next(after); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// Transfer is a compiled transfer.
type Transfer struct {
	bridge.Transfer
	Project   bridge.ProjectID
	identity  []*pair
	pairs     []*pair
	condition *expr
	read      map[bridge.Field]bool
	person    bool
}

// Compile compiles the transfers of all projects and reports every fault at once, each by its place.
func Compile(projects []bridge.Project) (*Set, error) {
	s := &Set{projects: map[bridge.ProjectID]*Project{}}
	var faults []error
	speaks := languages{}
	for _, p := range projects {
		cp := &Project{Project: p}
		l, err := speaks.of(p.Region)
		if err != nil {
			return nil, err
		}
		for i, t := range p.Transfers {
			ct, err := compileTransfer(&p, t, l)
			if err != nil {
				faults = append(faults, fmt.Errorf("project.%s.transfer[%d] %s: %w", p.ID, i, t.ID, err))
				continue
			}
			cp.Transfers = append(cp.Transfers, ct)
		}
		cp.apart()
		s.projects[p.ID] = cp
	}
	return s, errors.Join(append(faults, s.sharedKeys()...)...)
}

// apart has the transfers of contacts tell person accounts from others, where another transfer carries those.
func (p *Project) apart() {
	for _, t := range p.Transfers {
		if t.Object == contactObject && t.Kind == bridge.ContactTouched && len(p.Persons()) > 0 {
			t.read[isPerson] = true
		}
	}
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

func compileTransfer(p *bridge.Project, t bridge.Transfer, l *language) (*Transfer, error) {
	ct := &Transfer{Transfer: t, Project: p.ID, read: map[bridge.Field]bool{}}
	var faults []error
	for _, list := range []struct {
		from []bridge.Pair
		to   *[]*pair
	}{{t.Identity, &ct.identity}, {t.Fields, &ct.pairs}} {
		for _, bp := range list.from {
			cp, err := compilePair(p, bp, l)
			faults = append(faults, err)
			*list.to = append(*list.to, cp)
		}
	}
	if t.Condition != "" {
		var err error
		if ct.condition, err = l.compile(t.Condition); err == nil {
			err = ct.condition.asks()
		}
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	nameKeys(ct.pairs)
	ct.collect()
	return ct, nil
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
	if t.Leads() {
		t.read[isConverted], t.read[intoContact], t.read[intoAccount] = true, true, true
	}
	if t.person = t.readsPersons(); t.person {
		t.read[isPerson] = true
	}
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
