package fakeorg

import (
	"fmt"
	"time"
)

// switchOrder turns switches of the org; what it leaves out stays as it is. Each member is the method of its name.
type switchOrder struct {
	Twins        *twinOrder `json:"twins"`
	MuteChildren *bool      `json:"muteChildren"`
	Dialect      *Dialect   `json:"dialect"`

	SplitUpdates         *bool     `json:"splitUpdates"`
	DiffLongText         *bool     `json:"diffLongText"`
	OverflowAfter        *int      `json:"overflowAfter"`
	Hyperforce           *bool     `json:"hyperforce"`
	NameInCollections    *bool     `json:"nameInCollections"`
	SlashOrigins         *bool     `json:"slashOrigins"`
	AddChangeType        *string   `json:"addChangeType"`
	LoseEvents           *int      `json:"loseEvents"`
	Beat                 *Duration `json:"beat"`
	SteadyBeats          *bool     `json:"steadyBeats"`
	SettleLatest         *Duration `json:"settleLatest"`
	RefuseRepeatedReplay *bool     `json:"refuseRepeatedReplay"`
	RepeatPieces         *bool     `json:"repeatPieces"`
	LimitStreams         *int      `json:"limitStreams"`
	HangStreams          *int      `json:"hangStreams"`
	SlowAnswers          *Duration `json:"slowAnswers"`
	LimitAnswers         *int      `json:"limitAnswers"`
	DelaySchemas         *Duration `json:"delaySchemas"`
}

type twinOrder struct {
	Order string   `json:"order"`
	Delay Duration `json:"delay"`
}

func (t twinOrder) twins() (Twins, error) {
	switch t.Order {
	case "", TwinsAccountFirst, TwinsContactFirst, TwinsShuffled:
		return Twins{t.Order, time.Duration(t.Delay)}, nil
	}
	return Twins{}, fmt.Errorf("twins come %s, %s or %s", TwinsAccountFirst, TwinsContactFirst, TwinsShuffled)
}

func (o *Org) steerSwitch(asked switchOrder) (any, error) {
	if asked.Twins != nil {
		twins, err := asked.Twins.twins()
		if err != nil {
			return nil, err
		}
		o.SetTwins(twins)
	}
	after := func(f func(time.Duration)) func(Duration) { return func(d Duration) { f(time.Duration(d)) } }
	turn(asked.MuteChildren, o.MuteChildren)
	turn(asked.Dialect, o.Speak)
	turn(asked.SplitUpdates, o.SplitUpdates)
	turn(asked.DiffLongText, o.DiffLongText)
	turn(asked.OverflowAfter, o.OverflowAfter)
	turn(asked.Hyperforce, o.Hyperforce)
	turn(asked.NameInCollections, o.NameInCollections)
	turn(asked.SlashOrigins, o.SlashOrigins)
	turn(asked.AddChangeType, o.AddChangeType)
	turn(asked.LoseEvents, o.LoseEvents)
	turn(asked.Beat, after(o.Beat))
	turn(asked.SteadyBeats, o.SteadyBeats)
	turn(asked.SettleLatest, after(o.SettleLatest))
	turn(asked.RefuseRepeatedReplay, o.RefuseRepeatedReplay)
	turn(asked.RepeatPieces, o.RepeatPieces)
	turn(asked.LimitStreams, o.LimitStreams)
	turn(asked.HangStreams, o.HangStreams)
	turn(asked.SlowAnswers, after(o.SlowAnswers))
	turn(asked.LimitAnswers, o.LimitAnswers)
	turn(asked.DelaySchemas, after(o.DelaySchemas))
	return members{}, nil
}

// turn calls a switch with the value asked for, where one is.
func turn[T any](asked *T, set func(T)) {
	if asked != nil {
		set(*asked)
	}
}
