package courier

import (
	"context"
	"errors"
	"fmt"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// twin hands what a change of a contact says of a person account on to the lane of the account, where the event did not name it. The account's row has what
// the contact told as far as the mirror knew whose half it is; where it did not, both are read.
func (t *trip) twin(ctx context.Context, tr *rule.Transfer, contact bridge.RecordID) error {
	if err := t.need(t.recordLock(contact)); err != nil {
		return err
	}
	row, err := t.mirrored(ctx, t.w.Head().Object, contact)
	if err != nil {
		return err
	}
	if row.Deleted {
		return nil // the account's own event tells
	}
	account, known := rule.AccountOf(row.Values)
	if !known {
		if account, err = t.reveal(ctx, tr, &row); err != nil {
			return err
		}
	}
	if account == "" {
		return nil // an ordinary contact
	}
	var dirty []bridge.Field
	for f := range t.w.Dirty() {
		dirty = append(dirty, f)
	}
	t.next(tr, account, dirty, t.w.Told...)
	t.tell(bridge.Skipped, "", nil, fmt.Sprintf("the contact is half of person account %s and carried with it", account))
	return nil
}

// reveal reads a contact of which the mirror does not know whether it is half a person account, and the account with it.
func (t *trip) reveal(ctx context.Context, tr *rule.Transfer, row *bridge.Row) (bridge.RecordID, error) {
	if err := t.read(ctx, row); errors.Is(err, errUnseen) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	account, _ := rule.AccountOf(row.Values)
	if account == "" {
		return "", nil
	}
	whole, err := t.mirrored(ctx, tr.Object, account)
	if err != nil {
		return "", err
	}
	if err := t.look(ctx, &whole); err != nil && !errors.Is(err, errUnseen) {
		return "", err
	}
	return account, nil
}

// elsewhere reports whether a record of the transfer's object is half of a person account that another transfer of the project carries.
func (t *trip) elsewhere(tr *rule.Transfer, row *bridge.Row) (bool, error) {
	if tr.Person() || tr.Leads() || len(t.o.project.LivingBy(tr)) == 0 {
		return false, nil
	}
	return rule.IsPerson(row.Values)
}
