package salesforce

import (
	"fmt"
	"maps"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// settled is what a row is to hold, terms included, with a note of what is otherwise than asked for. What the mapping itself says comes first.
func (c *Client) settled(w *bridge.Write, facts *ObjectFacts) (set bridge.Fields, note string, err error) {
	if w.Op != bridge.OpCreate && w.Op != bridge.OpUpsert {
		return w.Set, "", nil
	}
	if err := facts.priced(w.Set); err != nil {
		return nil, "", err
	}
	set = maps.Clone(w.Set)
	if set == nil {
		set = bridge.Fields{}
	}
	if w.Terms.RecordType != "" && !set["RecordTypeId"].Known() {
		id, err := facts.recordType(w.Terms.RecordType)
		if err != nil {
			return nil, "", err
		}
		set["RecordTypeId"] = bridge.TextValue(string(id))
	}
	if len(w.Terms.Owners) > 0 && !set["OwnerId"].Known() {
		var id bridge.RecordID
		if id, note = c.owner(w); id != "" {
			set["OwnerId"] = bridge.TextValue(string(id))
		}
	}
	return set, note, nil
}

// recordType finds the id of a record type that the run-as user may use.
func (o *ObjectFacts) recordType(name string) (bridge.RecordID, error) {
	why := "does not exist"
	for _, t := range o.Types {
		switch {
		case t.Master || !strings.EqualFold(t.Name, name):
		case !t.Active:
			why = "is inactive"
		case !t.Available:
			why = "may not be used by the run-as user"
		default:
			return t.ID, nil
		}
	}
	err := fmt.Errorf("record type %s of %s %s: %w", rest.Clean(name), o.Name, why, errTerms)
	return "", bridge.After(bridge.Hint(err, "activate the record type, and assign it to the run-as user by his permission set"), setupWait)
}

// priced refuses an amount without a currency in an org that has several: it would silently be one of the run-as user's.
func (o *ObjectFacts) priced(set bridge.Fields) error {
	currency := o.Fields["CurrencyIsoCode"]
	if currency == nil || !currency.Createable || set[currency.Name].Known() && !set[currency.Name].IsNull() {
		return nil
	}
	for _, name := range set.Names() {
		if f := o.Fields[name]; f != nil && f.Type == "currency" && set[name].Known() && !set[name].IsNull() {
			err := fmt.Errorf("field %s of %s: an amount without a currency, in an org that has several", name, o.Name)
			return bridge.Permanent(bridge.Hint(err, `map CurrencyIsoCode, or write set = { CurrencyIsoCode = "EUR" } in the transfer; then redrive`))
		}
	}
	return nil
}
