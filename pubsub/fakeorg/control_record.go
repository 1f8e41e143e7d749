package fakeorg

// Steering what happens to records that no plain write does.

// conversionOrder asks for the conversion of a lead; see ConvertTo for the members of To.
type conversionOrder struct {
	Lead string    `json:"lead"`
	To   ConvertTo `json:"to"`
}

func (o *Org) steerConvert(asked conversionOrder) (any, error) {
	var made Conversion
	err := o.Do(func(tx *Tx) (err error) {
		made, err = tx.ConvertInto(asked.Lead, asked.To)
		return err
	})
	return members{{"account", made.Account}, {"contact", made.Contact}, {"opportunity", made.Opportunity}}, err
}

// mergeOrder asks for a merge; Fields are the values that the winner takes over.
type mergeOrder struct {
	Object string         `json:"object"`
	Winner string         `json:"winner"`
	Losers []string       `json:"losers"`
	Fields map[string]any `json:"fields"`
}

func (o *Org) steerMerge(asked mergeOrder) (any, error) {
	err := o.Do(func(tx *Tx) error {
		if err := tx.Merge(asked.Object, asked.Winner, asked.Losers...); err != nil {
			return err
		}
		if len(asked.Fields) == 0 {
			return nil
		}
		return tx.Update(asked.Object, asked.Winner, asked.Fields)
	})
	return members{}, err
}
