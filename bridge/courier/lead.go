package courier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// A lead that is converted goes on as a contact, or as a person account. Its link goes there, whoever looks first: who carries the lead, who carries the
// record that came of it, or who finds the lead read-only. No policy for what leaves or is deleted has a say.
//
//	lead      ──converted──┐
//	heir      ──fromLead───┼─> link of the lead ends, link of the heir begins with what of the baseline holds for it
//	platform  ──follow─────┘

const leadObject = bridge.Object("Lead")

// leadWithin is how long a new record waits for the event of the lead that it may have come of. Then Salesforce is asked.
const leadWithin = 2 * time.Second

// heir is what a lead goes on as.
type heir struct {
	object    bridge.Object
	record    bridge.RecordID
	transfers []*rule.Transfer
}

// converted moves the link of a lead to its heir, and has that one carried. Where the heir is linked already, its own contact stays and the lead's is left
// alone, as after a merge.
func (t *trip) converted(ctx context.Context, tr *rule.Transfer, link *bridge.Link, into bridge.Conversion) error {
	if link == nil {
		return t.strayed(ctx, tr, into)
	}
	if tr.Shadow {
		t.tell(bridge.Shadowed, "", nil, fmt.Sprintf("the lead was converted into contact %s; the link would move there", into.Contact))
		return nil
	}
	h, err := t.heir(ctx, into)
	if err != nil {
		return err
	}
	t.effects.Unlinks, t.effects.Links = []bridge.Link{*link}, nil
	if h.record == "" {
		t.effects.Claims = append(t.effects.Claims, t.ended(link.Contact))
		t.tell(bridge.Skipped, "", nil, fmt.Sprintf("the lead was converted into contact %s, which no transfer carries; the link ends, the contact stays", into.Contact))
		return nil
	}
	taken, err := t.taken(ctx, h, link.Contact)
	if err != nil || taken {
		return err
	}
	row, err := t.heirRow(ctx, h)
	if err != nil {
		return err
	}
	moved := *link
	moved.Object, moved.Record, moved.From, moved.Member, moved.Read = h.object, h.record, link.Record, nil, nil
	lead, err := t.leadRow(ctx, link)
	if err != nil {
		return err
	}
	moved.Baseline = rule.Inherit(link, t.o.project.Leads(), h.transfers, lead, row)
	left := maps.Clone(link.Baseline)
	maps.DeleteFunc(left, func(a bridge.Attribute, _ bridge.Agreed) bool { _, kept := moved.Baseline[a]; return kept })
	moved.Replaced = t.replaced(link, left).Replaced // whoever emptied one of these meanwhile will see it filled
	t.effects.Links = []bridge.Link{moved}
	t.tell(bridge.Skipped, "", nil, fmt.Sprintf("the lead was converted into %s %s; the link moved", h.object, h.record))
	t.carryHeir(h, link.Contact)
	return nil
}

// untold is what a lead that nobody is linked to was converted into before the stream has told of it: whoever carries the heir may have heard first, and
// moved the link, or created the contact. Salesforce is asked, but not of a lead that is new and was not tried before.
func (t *trip) untold(ctx context.Context, tr *rule.Transfer, lead bridge.RecordID) (bridge.Conversion, error) {
	if !tr.Leads() || t.isNew() && !t.retried() && !t.late() {
		return bridge.Conversion{}, nil
	}
	fate, err := t.fate(ctx, tr, &bridge.Link{Record: lead})
	return fate.Conversion, err
}

// late reports whether the stream told of the record so late that a heir of it may have been carried before: that one waits for the lead for a while, and
// was made after it. Two clocks are compared, so some of that time is left to them.
func (t *trip) late() bool {
	c := t.w.Entry.Change
	return c == nil || t.c.d.Now().Sub(c.Version.At) >= leadWithin*3/4
}

// carryHeir has the heir carried once more: what Salesforce says of it first, and then what the contact has beyond that.
func (t *trip) carryHeir(h heir, contact bridge.ContactID) {
	n := len(t.effects.Next)
	for _, tr := range h.transfers {
		t.next(tr, h.record, nil)
	}
	if len(t.effects.Next) == n {
		t.fill(contact)
	}
}

// heir is what carries on with a lead in this project, the zero value for none.
func (t *trip) heir(ctx context.Context, into bridge.Conversion) (heir, error) {
	persons := t.o.project.Heirs(true)
	if len(persons) > 0 && into.Account != "" {
		row, err := t.mirrored(ctx, persons[0].Object, into.Account)
		if err != nil {
			return heir{}, err
		}
		var is bool
		err = t.known(ctx, &row, func() (err error) { is, err = rule.IsPerson(row.Values); return err })
		if err != nil && !errors.Is(err, errUnseen) {
			return heir{}, err
		}
		if is {
			return heir{persons[0].Object, into.Account, persons}, nil
		}
	}
	contacts := t.o.project.Heirs(false)
	if len(contacts) == 0 || into.Contact == "" {
		return heir{}, nil
	}
	return heir{contacts[0].Object, into.Contact, contacts}, nil
}

// mirrored is what the mirror says of a record.
func (t *trip) mirrored(ctx context.Context, o bridge.Object, r bridge.RecordID) (bridge.Row, error) {
	rows, err := t.c.d.Mirror.Rows(ctx, t.org(), o, []bridge.RecordID{r})
	if err != nil {
		return bridge.Row{}, err
	}
	rows[0].Org, rows[0].Object, rows[0].Record = t.org(), o, r
	return rows[0], nil
}

// taken reports whether the heir, or the lead's contact, is linked already; the lead's link just ends then.
func (t *trip) taken(ctx context.Context, h heir, contact bridge.ContactID) (bool, error) {
	if err := t.need(t.recordLock(h.record), t.contactLock(contact)); err != nil {
		return false, err
	}
	have, err := t.c.d.Ledger.LinkOf(ctx, t.org(), t.o.Project, h.record)
	if err != nil && !errors.Is(err, bridge.ErrNotFound) {
		return false, err
	}
	if err == nil {
		if have.Contact != contact {
			t.effects.Claims = append(t.effects.Claims, t.ended(contact))
		}
		t.tell(bridge.Skipped, "", nil, fmt.Sprintf("the lead was converted into %s %s, which is linked to contact %s; this link ends", h.object, h.record, have.Contact))
		return true, nil
	}
	links, err := t.c.d.Ledger.LinksTo(ctx, t.org(), t.o.Project, contact)
	if err != nil {
		return false, err
	}
	for _, l := range links {
		if l.Object == h.object {
			t.tell(bridge.Skipped, "", nil, fmt.Sprintf("the lead was converted into %s %s, and contact %s is linked to %s; this link ends", h.object, h.record, contact, l.Record))
			return true, nil
		}
	}
	return false, nil
}

// heirRow is what is known of the heir, read where the mirror has not heard of it all. What cannot be seen stays unknown.
func (t *trip) heirRow(ctx context.Context, h heir) (bridge.Fields, error) {
	row, err := t.mirrored(ctx, h.object, h.record)
	if err != nil {
		return nil, err
	}
	if len(rule.Unread(h.transfers, row.Values)) > 0 {
		if err := t.read(ctx, &row); err != nil && !errors.Is(err, errUnseen) {
			return nil, err
		}
	}
	return withID(&row), nil
}

// leadRow is what the lead held when it was converted; nothing where it is deleted or out of sight.
func (t *trip) leadRow(ctx context.Context, link *bridge.Link) (bridge.Fields, error) {
	row, err := t.mirrored(ctx, link.Object, link.Record)
	if err != nil || row.Deleted {
		return nil, err
	}
	if _, told := rule.ConvertedInto(row.Values); !told {
		if err := t.read(ctx, &row); err != nil && !errors.Is(err, errUnseen) {
			return nil, err
		}
	}
	return withID(&row), nil
}

// strayed ends the carrying of a converted lead that nobody is linked to. An earlier try may have created its contact and not lived to link it.
func (t *trip) strayed(ctx context.Context, tr *rule.Transfer, into bridge.Conversion) error {
	if err := t.remember(ctx, tr); err != nil {
		return err
	}
	if t.past != nil {
		record := bridge.RecordID(t.w.Head().Lane.Source)
		contact, err := t.free(ctx, t.made(tr, record))
		if err != nil {
			return err
		}
		if contact != "" {
			return t.converted(ctx, tr, t.link(tr, record, contact), into)
		}
	}
	t.tell(bridge.Skipped, "", nil, fmt.Sprintf("the lead was converted into contact %s, and nobody is linked to it", into.Contact))
	return nil
}

// conversion is what the linked lead was converted into, as far as its row tells; of one that is deleted Salesforce is asked, since an org may delete what
// it converted, and with the row went what was to tell whether our writes to it were done.
func (t *trip) conversion(ctx context.Context, tr *rule.Transfer, link *bridge.Link, row bridge.Row) (bridge.Conversion, error) {
	if !tr.Leads() {
		return bridge.Conversion{}, nil
	}
	if row.Deleted {
		fate, err := t.fate(ctx, tr, link)
		return fate.Conversion, err
	}
	into, _ := rule.ConvertedInto(row.Values)
	return into, nil
}

// follow moves the link of a lead that the platform's edit would be written to, and has the edit carried to the heir.
func (t *trip) follow(ctx context.Context, tr *rule.Transfer, link *bridge.Link, into bridge.Conversion) error {
	before := len(t.effects.Story)
	if err := t.converted(ctx, tr, link, into); err != nil || tr.Shadow {
		return err
	}
	err := t.c.d.Ledger.Stage(ctx, bridge.Effects{
		Links: t.effects.Links, Unlinks: t.effects.Unlinks, Next: t.effects.Next, Claims: t.effects.Claims, Rows: t.effects.Rows, Story: t.effects.Story[before:],
	})
	if err != nil {
		return fmt.Errorf("follow a converted lead: %w", err)
	}
	return &waitError{lookAgain, "the lead was converted; carrying to what it is now"}
}

// refound links a contact whose lead was converted before anybody could link it: the lead that bears the contact's id is read-only, and its heir goes on.
func (t *trip) refound(ctx context.Context, tr *rule.Transfer, c bridge.Contact, refused error) error {
	found, err := t.matchBy(ctx, tr, bridge.Fields{tr.Key: bridge.TextValue(string(c.ID))})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return refused
	}
	fate, err := t.fate(ctx, tr, &bridge.Link{Record: found[0]})
	if err != nil {
		return err
	}
	h, err := t.heir(ctx, fate.Conversion)
	if err != nil {
		return err
	}
	if h.record == "" {
		return refused
	}
	taken, err := t.taken(ctx, h, c.ID)
	if err != nil {
		return err
	}
	if taken {
		return bridge.Permanent(bridge.Hint(refused, "%s %s is linked to another contact already: merge the two on the platform, then redrive", h.object, h.record))
	}
	if err := t.c.d.Ledger.Stage(ctx, bridge.Effects{Links: []bridge.Link{*t.link(h.transfers[0], h.record, c.ID)}}); err != nil {
		return fmt.Errorf("link what the lead became: %w", err)
	}
	return &waitError{lookAgain, "the lead was converted; carrying to what it is now"}
}

// fromLead moves the link of the lead that an unlinked record came of, and reports that it did. The record is carried behind that.
func (t *trip) fromLead(ctx context.Context, tr *rule.Transfer, row bridge.Row) (bool, error) {
	if t.o.project.Sourced(tr) == "" || tr.Shadow || len(t.dead) > 0 {
		return false, nil
	}
	leads, err := t.leadsInto(ctx, tr, row.Record)
	if err != nil {
		return false, err
	}
	for _, l := range leads {
		link, err := t.lockLink(ctx, l.Lead)
		if err != nil {
			return false, err
		}
		if link != nil {
			return true, t.converted(ctx, tr, link, l.Conversion)
		}
	}
	for _, l := range leads { // whoever carried the lead last may have created its contact
		if err := t.after([]bridge.Link{{Record: l.Lead}}); err != nil {
			return false, err
		}
	}
	contact, err := t.bornBy(ctx, leads)
	if err != nil || contact == "" {
		return false, err
	}
	return true, t.madeFrom(ctx, tr, row, contact)
}

// bornBy is the contact of one of the leads though nobody is linked to it any more, or yet: the one that the lead says it was made from, the one that says
// so of the lead, or the one with the lead's identity.
func (t *trip) bornBy(ctx context.Context, leads []bridge.Converted) (bridge.ContactID, error) {
	for _, l := range leads {
		for _, tr := range t.o.project.Leads() {
			row, err := t.mirrored(ctx, tr.Object, l.Lead)
			if err != nil {
				return "", err
			}
			if id := row.Values[tr.Key]; tr.Key != "" && id.Known() && !id.IsNull() {
				return bridge.ContactID(id.Text), nil
			}
			ids, err := tr.Identity(row.Values)
			if err != nil {
				ids = nil // deleted since, or never told
			}
			if bears, ok := tr.Bearing(l.Lead); ok {
				ids = append([]bridge.Identity{bears}, ids...)
			}
			if contact, err := t.free(ctx, ids); err != nil || contact != "" {
				return contact, err
			}
		}
	}
	return "", nil
}

// free is the contact with one of the identities, if nobody is linked to it.
func (t *trip) free(ctx context.Context, ids []bridge.Identity) (bridge.ContactID, error) {
	contact, err := t.find(ctx, ids)
	if err != nil || contact == "" {
		return "", err
	}
	if err := t.need(t.contactLock(contact)); err != nil {
		return "", err
	}
	links, err := t.c.d.Ledger.LinksTo(ctx, t.org(), t.o.Project, contact)
	if err != nil || len(links) > 0 {
		return "", err
	}
	return contact, nil
}

// leadsInto are the leads that were converted into the record: as the stream told, or, for a new record of which the stream has told nothing within two
// seconds, as Salesforce answers.
func (t *trip) leadsInto(ctx context.Context, tr *rule.Transfer, record bridge.RecordID) ([]bridge.Converted, error) {
	if known, ok := t.leads[record]; ok {
		return known, nil
	}
	field := t.o.project.Sourced(tr)
	ids, err := t.c.d.Mirror.Lookup(ctx, t.org(), leadObject, field, bridge.TextValue(string(record)))
	if err != nil {
		return nil, err
	}
	var leads []bridge.Converted
	for _, id := range ids {
		row, err := t.mirrored(ctx, leadObject, id)
		if err != nil {
			return nil, err
		}
		if into, converted := rule.ConvertedInto(row.Values); converted {
			leads = append(leads, bridge.Converted{Lead: id, Conversion: into})
		}
	}
	made := func(d bridge.Delivery) bool { return d.Edge == bridge.EdgeCreate && !d.Ours }
	if len(leads) > 0 || !slices.ContainsFunc(t.w.Deliveries, made) {
		return leads, nil
	}
	if wait := leadWithin - t.c.d.Now().Sub(t.w.Entry.At); wait > 0 {
		return nil, &waitError{max(lookAgain, min(wait, leadWithin/8)), "the record may have come of a lead, whose event is awaited"}
	}
	if leads, err = t.origins(ctx, tr.Object, record); err != nil {
		return nil, err
	}
	if t.leads == nil {
		t.leads = map[bridge.RecordID][]bridge.Converted{}
	}
	t.leads[record] = leads
	return leads, nil
}

// origins asks Salesforce for the leads that were converted into the record, where it can be asked.
func (t *trip) origins(ctx context.Context, o bridge.Object, record bridge.RecordID) (leads []bridge.Converted, err error) {
	of, ok := t.o.org.Reader.(bridge.Origins)
	if !ok {
		return nil, nil
	}
	err = t.ask(ctx, t.o.home, func() (err error) {
		leads, err = of.Origins(ctx, o, []bridge.RecordID{record})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for the lead that became %s: %w", record, err)
	}
	return leads, nil
}
