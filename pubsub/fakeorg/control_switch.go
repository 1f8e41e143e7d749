package fakeorg

import (
	"fmt"
	"time"
)

// switchOrder turns switches of the org; what it leaves out stays as it is.
type switchOrder struct {
	Twins        *twinOrder `json:"twins"`
	MuteChildren *bool      `json:"muteChildren"`
	Dialect      *Dialect   `json:"dialect"`

	DuplicateRules *[]DuplicateRule `json:"duplicateRules"` // in place of those before
	BarRecordType  string           `json:"barRecordType"`  // id of a record type that the integration user loses
	Labour         *Duration        `json:"labour"`         // how long a write works under its locks
}

type twinOrder struct {
	Order string   `json:"order"`
	Delay Duration `json:"delay"`
}

func (o *Org) steerSwitch(asked switchOrder) (any, error) {
	if asked.Twins != nil {
		switch asked.Twins.Order {
		case "", TwinsAccountFirst, TwinsContactFirst, TwinsShuffled:
		default:
			return nil, fmt.Errorf("twins come %s, %s or %s", TwinsAccountFirst, TwinsContactFirst, TwinsShuffled)
		}
		o.SetTwins(Twins{asked.Twins.Order, time.Duration(asked.Twins.Delay)})
	}
	if asked.MuteChildren != nil {
		o.MuteChildren(*asked.MuteChildren)
	}
	if asked.Dialect != nil {
		o.Speak(*asked.Dialect)
	}
	if asked.DuplicateRules != nil {
		o.SetDuplicateRules(*asked.DuplicateRules...)
	}
	if asked.BarRecordType != "" {
		o.BarRecordType(asked.BarRecordType, true)
	}
	if asked.Labour != nil {
		o.Labour(time.Duration(*asked.Labour))
	}
	return members{}, nil
}
