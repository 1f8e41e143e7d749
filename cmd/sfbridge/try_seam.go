package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"sfbridge/bridge"
	"sfbridge/bridge/courier"
	"sfbridge/bridge/rest"
)

// notes are what the courier asked and would have sent, for the work under way. Works are carried one after the other.
type notes struct {
	mu  sync.Mutex
	all []*carried
}

// carried is one work as it was seen from both sides.
type carried struct {
	work     bridge.Work
	searches []TrySearch
	contact  *bridge.Contact // as it was read
	parsed   *bridge.Parsed
	message  *bridge.Message
	write    *bridge.Write
	requests []rest.Held
	ending   ending
}

func (n *notes) begin(w *bridge.Work) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, &carried{work: *w})
}

// note changes the notes on the work under way; before the first there is none.
func (n *notes) note(change func(c *carried)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.all) > 0 {
		change(n.all[len(n.all)-1])
	}
}

func (n *notes) held(h rest.Held) { n.note(func(c *carried) { c.requests = append(c.requests, h) }) }

func (n *notes) end(how ending) { n.note(func(c *carried) { c.ending = how }) }

// platform is a platform that is asked and told nothing.
func (n *notes) platform(l *projectLine) courier.Platform {
	p := l.platform
	p.Workers = 1
	p.Sender = &tellTale{notes: n, to: l.platform.Sender, holds: l.holds}
	p.Parser = &parserNotes{notes: n, Parser: l.platform.Parser}
	if p.Finder != nil {
		p.Finder = &finderNotes{notes: n, Finder: l.platform.Finder}
	}
	if p.Fetcher != nil {
		p.Fetcher = &fetcherNotes{notes: n, Fetcher: l.platform.Fetcher}
	}
	return p
}

// tellTale notes messages. It has the connector make the requests where that one holds them back, and asks it nothing where it does not.
type tellTale struct {
	notes *notes
	to    bridge.Sender
	holds bool
}

// Send notes what would be sent.
func (s *tellTale) Send(ctx context.Context, m bridge.Message) (bridge.ContactID, error) {
	s.notes.note(func(c *carried) { c.message = &m })
	if !s.holds {
		return m.Contact, nil
	}
	_, err := s.to.Send(ctx, m)
	if errors.Is(err, rest.ErrHeld) {
		err = nil
	}
	return m.Contact, err
}

type parserNotes struct {
	notes *notes
	bridge.Parser
}

// Parse notes what was read.
func (p *parserNotes) Parse(cb bridge.Callback) (bridge.Parsed, error) {
	got, err := p.Parser.Parse(cb)
	if err == nil {
		p.notes.note(func(c *carried) { c.parsed = &got })
	}
	return got, err
}

type finderNotes struct {
	notes *notes
	bridge.Finder
}

// Find notes who was found.
func (f *finderNotes) Find(ctx context.Context, a bridge.Attribute, v bridge.Value) ([]bridge.Contact, error) {
	found, err := f.Finder.Find(ctx, a, v)
	if err == nil || errors.Is(err, bridge.ErrNotFound) {
		s := TrySearch{In: "platform", By: string(a), Value: v, attribute: a}
		for _, c := range found {
			s.Found = append(s.Found, string(c.ID))
		}
		f.notes.search(s)
	}
	return found, err
}

type fetcherNotes struct {
	notes *notes
	bridge.Fetcher
}

// Fetch notes the contact.
func (f *fetcherNotes) Fetch(ctx context.Context, id bridge.ContactID) (bridge.Contact, error) {
	got, err := f.Fetcher.Fetch(ctx, id)
	if err == nil {
		f.notes.note(func(c *carried) { c.contact = &got })
	}
	return got, err
}

// org is an org that is asked and told nothing; its client holds writes back.
func (n *notes) org(o *orgLine) courier.Org {
	return courier.Org{Reader: &readerNotes{notes: n, Reader: o.client}, Writer: &writerNotes{notes: n, to: o.client}}
}

type readerNotes struct {
	notes *notes
	bridge.Reader
}

// Match notes who was found.
func (r *readerNotes) Match(ctx context.Context, o bridge.Object, by bridge.Fields, limit int) ([]bridge.RecordID, error) {
	found, err := r.Reader.Match(ctx, o, by, limit)
	if err == nil {
		r.notes.records("Salesforce", o, by, found)
	}
	return found, err
}

// Origins notes the leads that were found.
func (r *readerNotes) Origins(ctx context.Context, o bridge.Object, ids []bridge.RecordID) ([]bridge.Converted, error) {
	of, ok := r.Reader.(bridge.Origins)
	if !ok {
		return nil, nil
	}
	leads, err := of.Origins(ctx, o, ids)
	if err == nil && len(ids) == 1 {
		s := TrySearch{In: "Salesforce", By: "Lead converted into", Value: bridge.TextValue(string(ids[0])), object: "Lead"}
		for _, l := range leads {
			s.Found = append(s.Found, string(l.Lead))
		}
		r.notes.search(s)
	}
	return leads, err
}

// looked notes whom the mirror knows.
func (n *notes) looked(o bridge.Object, f bridge.Field, v bridge.Value, found []bridge.RecordID) {
	plain, _, _ := strings.Cut(string(f), "@") // a phone's index names its country too
	n.records("mirror", o, bridge.Fields{bridge.Field(plain): v}, found)
}

// living are fields that only tell those who are gone from the others.
var living = []bridge.Field{"IsConverted", "IsPersonAccount"}

// records notes a look-up of records.
func (n *notes) records(in string, o bridge.Object, by bridge.Fields, found []bridge.RecordID) {
	for _, f := range by.Names() {
		if len(by) > 1 && slices.Contains(living, f) {
			continue
		}
		s := TrySearch{In: in, By: string(o) + "." + string(f), Value: by[f], object: o, field: f}
		for _, id := range found {
			s.Found = append(s.Found, string(id))
		}
		n.search(s)
	}
}

// search notes a question once, with its last answer: whoever needs more locks begins anew.
func (n *notes) search(s TrySearch) {
	if s.Found == nil {
		s.Found = []string{}
	}
	n.note(func(c *carried) {
		if i := slices.IndexFunc(c.searches, func(t TrySearch) bool { return t.In == s.In && t.By == s.By && t.Value == s.Value }); i >= 0 {
			c.searches[i] = s
			return
		}
		c.searches = append(c.searches, s)
	})
}

type writerNotes struct {
	notes *notes
	to    bridge.Writer
}

// Write notes what would be written.
func (w *writerNotes) Write(ctx context.Context, ws []bridge.Write) []bridge.Written {
	out := w.to.Write(ctx, ws)
	for i := range ws {
		w.notes.note(func(c *carried) { c.write = &ws[i] })
		if errors.Is(out[i].Err, rest.ErrHeld) {
			out[i] = bridge.Written{Record: ws[i].Record}
		}
	}
	return out
}
