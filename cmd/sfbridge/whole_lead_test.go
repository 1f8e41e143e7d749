package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"sfbridge/pubsub/fakeorg"
)

// withProspects has people come as leads and be converted, here and there in the play. What else happens in it stays as it was drawn.
func (p *play) withProspects() {
	r := rand.New(rand.NewPCG(p.seed, 23))
	p.leads = true
	for range 1 + r.IntN(3) {
		d := deed{After: time.Duration(r.IntN(1500)) * time.Millisecond, Kind: "prospect", Person: r.IntN(5), Side: r.IntN(3), Field: r.IntN(60), Value: r.IntN(4)}
		p.deeds = slices.Insert(p.deeds, r.IntN(len(p.deeds)), d)
	}
}

// leadsOf are a project's transfers with one of leads before them, which knows less than the one of contacts.
func leadsOf(transfers []TransferConfig) []TransferConfig {
	leads := transfers[0]
	leads.Name, leads.Object, leads.Key, leads.NoMatchOutbound, leads.OnDelete = "leads", "Lead", "", "skip", "delete"
	leads.Fields = slices.DeleteFunc(slices.Clone(leads.Fields), func(f PairConfig) bool {
		return !slices.Contains([]string{"Id", "Tag__c", "FirstName", "LastName", "Email", "MobilePhone"}, f.Salesforce)
	})
	return append([]TransferConfig{leads}, transfers...)
}

// prospect has somebody come as a lead, whom people edit at both ends, and converts him a while later.
func (w *theatre) prospect(i int, a *deed) {
	tag := fmt.Sprint("tag", w.joined)
	w.joined++
	w.trace.add("USER %s comes as a lead", tag)
	lead, err := w.sim.org.Create("Lead", map[string]any{
		"Tag__c": tag, "FirstName": "First", "LastName": "Last", "Company": "Ltd", "Email": tag + "@example.com", "MobilePhone": fmt.Sprintf("+6019%07d", i),
	})
	w.must(err)
	time.Sleep(time.Duration(a.Field) * 70 * time.Millisecond)
	if a.Value == 0 {
		w.edit(1, tag, "FirstName", fmt.Sprintf("v%03d", i))
	}
	if a.Value == 1 {
		w.must(w.sim.org.Update("Lead", lead, map[string]any{"LastName": fmt.Sprintf("l%03d", i)}))
	}
	time.Sleep(time.Duration(a.Person) * 30 * time.Millisecond)
	orders := [][]string{nil, {"Lead", "Contact", "Account"}, {"Contact", "Lead", "Account"}}
	w.trace.add("USER converts %s", tag)
	w.must(w.sim.org.Do(func(tx *fakeorg.Tx) error {
		made, err := tx.ConvertInto(lead, fakeorg.ConvertTo{Order: orders[a.Side], NoOpportunity: true})
		if err != nil {
			return err
		}
		set := map[string]any{"Tag__c": tag}
		if a.Value > 1 { // who converts him mends his address in the same breath
			set["Email"], set["MobilePhone"] = fmt.Sprintf("new%03d.%s@example.com", i, tag), fmt.Sprintf("+6018%07d", i)
		}
		return tx.Update("Contact", made.Contact, set)
	}))
}
