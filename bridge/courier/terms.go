package courier

import (
	"context"
	"fmt"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// terms are what is settled where the record is written; said is what the platform says.
func terms(cr *bridge.Creation, said bridge.Attributes) bridge.Terms {
	out := bridge.Terms{RecordType: cr.RecordType, Assign: cr.Assign, Duplicates: cr.Duplicates}
	if v := said[cr.OwnerFrom]; cr.OwnerFrom != "" && v.Known() && !v.IsNull() {
		out.Owners = append(out.Owners, v.Text)
	}
	if cr.Owner != "" {
		out.Owners = append(out.Owners, cr.Owner)
	}
	return out
}

// account gives a contact that is created its account by the transfer's rule, unless the mapping does. It reports whether it has dealt with the contact
// another way: made a lead of him, or nobody.
func (t *trip) account(ctx context.Context, tr *rule.Transfer, c bridge.Contact, set bridge.Fields) (done bool, err error) {
	r := &tr.Creation.Account
	if v := set["AccountId"]; *r == (bridge.AccountRule{}) || v.Known() && !v.IsNull() {
		return false, nil
	}
	account, why, err := t.accountOf(ctx, r, c.Values)
	switch {
	case err != nil:
		return false, err
	case account != "":
		set["AccountId"] = bridge.TextValue(string(account))
		return false, nil
	case r.Otherwise == bridge.CreateLead:
		for _, lead := range t.o.project.Contacts(bridge.Outbound) {
			if lead.Object == "Lead" && lead.NoRecord == bridge.CreateNew {
				return true, t.createRecord(ctx, lead, c)
			}
		}
		return true, bridge.Permanent(bridge.Hint(fmt.Errorf("%s, and no transfer creates leads", why), `add a transfer of Lead with no_match_outbound = "create"`))
	case r.Otherwise == bridge.CreateNobody:
		t.tell(bridge.Skipped, "", nil, why+", and nobody is created without one")
		return true, nil
	}
	return false, nil
}

// accountOf is the account of the rule, "" for none with the reason.
func (t *trip) accountOf(ctx context.Context, r *bridge.AccountRule, said bridge.Attributes) (_ bridge.RecordID, why string, err error) {
	if r.Field == "" {
		return r.Record, "the transfer names no account", nil
	}
	v := said[r.Attribute]
	if !v.Known() || v.IsNull() {
		return r.Record, "the contact names no account", nil
	}
	var found []bridge.RecordID
	err = t.ask(ctx, t.o.home, func() (err error) {
		found, err = t.o.org.Reader.Match(ctx, "Account", bridge.Fields{r.Field: v}, matchLimit)
		return err
	})
	switch {
	case err != nil:
		return "", "", fmt.Errorf("look for the account: %w", err)
	case len(found) == 1:
		return found[0], "", nil
	case len(found) > 1:
		return r.Record, "several accounts match", nil
	}
	return r.Record, "no account matches", nil
}
