package store

import (
	"slices"
	"time"

	"sfbridge/bridge"
)

// storyOf completes the lines of a work that ends: what came in and what kept it stand on the first, a burial names its letter.
func storyOf(w *bridge.Work, lines []bridge.Story, letter *letterRecord) []bridge.Story {
	if len(lines) == 0 {
		return nil
	}
	lines = slices.Clone(lines)
	lines[0].Heard = w.Heard
	if w.LastError != "" {
		lines[0].Trouble = &bridge.Trouble{Failed: w.Attempts, First: w.First, Last: w.LastError}
	}
	if letter != nil {
		lines[len(lines)-1].Letter = letter.ID
	}
	return lines
}

// deferralOf is the line of a try that failed.
func (s *Store) deferralOf(w *bridge.Work, a *attempt) bridge.Story {
	l := lineOf(w.Head(), s.o.Now())
	l.Outcome, l.Reason = bridge.Deferred, a.Error
	l.Trouble = &bridge.Trouble{Failed: a.Failed, First: a.First, Until: a.Until}
	return l
}

// actOf is the line of an operator's act on a letter.
func (s *Store) actOf(d *bridge.DeadLetter, act string) bridge.Story {
	l := lineOf(&d.Delivery, s.o.Now())
	l.Outcome, l.Reason, l.Letter = bridge.Operator, act, d.ID
	return l
}

// lineOf is a line about a delivery.
func lineOf(d *bridge.Delivery, now time.Time) bridge.Story {
	l := bridge.Story{
		At: now.UTC(), Org: d.Lane.Org, Project: d.Lane.Project, Transfer: d.Transfer, Direction: d.Lane.Direction, Object: d.Object, Delivery: d.ID,
	}
	if d.Lane.Direction == bridge.Inbound {
		l.Record = bridge.RecordID(d.Lane.Source)
	} else {
		l.Contact = bridge.ContactID(d.Lane.Source)
	}
	return l
}
