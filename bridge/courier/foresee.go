package courier

import (
	"context"
	"fmt"
	"slices"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// foresee asks Salesforce at once for all that a contact may be known by, so that one call serves for many contacts. What it finds is what matchBy
// answers, while the same locks are held and nothing is written; what it does not find out matchBy asks for. Who names the record that he was made from
// is not looked for, and after a failed try the identity is asked for only when it is recalled what that one may have created.
func (t *trip) foresee(ctx context.Context, transfers []*rule.Transfer, c bridge.Contact) error {
	if t.bears(transfers, c) {
		return nil
	}
	ls := t.byKeys(transfers, c)
	if !t.retried() {
		likes, err := t.byIdentities(ctx, transfers, c)
		if err != nil {
			return err
		}
		ls = append(ls, likes...)
	}
	return t.seek(ctx, ls)
}

// foreseeAgain is foresee for what a try after the first looks for once it recalled the ones before.
func (t *trip) foreseeAgain(ctx context.Context, transfers []*rule.Transfer, c bridge.Contact) error {
	if !t.retried() {
		return nil
	}
	ls, err := t.byIdentities(ctx, transfers, c)
	if err != nil {
		return err
	}
	return t.seek(ctx, ls)
}

// bears reports whether the contact names a record that it was made from.
func (t *trip) bears(transfers []*rule.Transfer, c bridge.Contact) bool {
	return slices.ContainsFunc(transfers, func(tr *rule.Transfer) bool { return tr.Borne(c.Values) != "" })
}

// seek has look-ups answered in company with those of others. Somebody else takes the post meanwhile.
func (t *trip) seek(ctx context.Context, ls []bridge.LookUp) error {
	seeker, ok := t.o.org.Reader.(bridge.Seeker)
	if !ok || len(ls) == 0 {
		return nil
	}
	var found [][]bridge.RecordID
	err := t.ask(ctx, t.o.home, func() (err error) {
		t.relieve()
		t.waited = true
		found, err = seeker.Seek(ctx, ls)
		return err
	})
	if verdict, _ := bridge.VerdictOf(err); verdict == bridge.Bury {
		return nil // one of them cannot be asked for: matchBy says which, where it comes to that
	}
	if err != nil {
		return fmt.Errorf("look for the contact: %w", err)
	}
	if t.foreseen == nil {
		t.foreseen = map[string][]bridge.RecordID{}
	}
	for i, ids := range found {
		if ids != nil {
			t.foreseen[lookedFor(ls[i].Object, ls[i].By)] = ids
		}
	}
	return nil
}

// lookedFor names a look-up.
func lookedFor(o bridge.Object, by bridge.Fields) string {
	name := string(o)
	for _, f := range by.Names() {
		name += fmt.Sprintf("\x00%s\x00%d\x00%s", f, by[f].Kind, by[f].Text)
	}
	return name
}

// byKeys looks for the records whose external id is the contact's.
func (t *trip) byKeys(transfers []*rule.Transfer, c bridge.Contact) (ls []bridge.LookUp) {
	for _, tr := range transfers {
		if tr.Key != "" {
			ls = append(ls, t.lookUp(tr, tr.Key, bridge.TextValue(string(c.ID))))
		}
	}
	return ls
}

// byIdentities looks for the records with the contact's identity that the mirror does not know.
func (t *trip) byIdentities(ctx context.Context, transfers []*rule.Transfer, c bridge.Contact) (ls []bridge.LookUp, err error) {
	for _, tr := range transfers {
		for _, k := range t.keysOf(tr, c) {
			found, err := t.mirroredKey(ctx, tr, k)
			if err != nil {
				return nil, err
			}
			if len(found) == 0 {
				ls = append(ls, t.lookUp(tr, k.Field, k.Value))
			}
		}
	}
	return ls, nil
}

func (t *trip) lookUp(tr *rule.Transfer, f bridge.Field, v bridge.Value) bridge.LookUp {
	return bridge.LookUp{Object: tr.Object, By: t.living(tr, f, v), Limit: matchLimit}
}
