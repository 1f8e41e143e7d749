package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
)

// everyPair are where a record's fields stand on the platform, those beside the demo's among them.
var everyPair = map[string]string{
	"Id": "custom.salesforce_id", "FirstName": "firstName", "LastName": "lastName", "Email": "email", "MobilePhone": "phone", "Birthdate": "custom.birthday",
	"MailingCity": "custom.city", "MailingLatitude": "custom.latitude", "Description": "custom.text",
}

// everyField has everything of everyPair carried, and contacts of deleted records deleted.
func everyField(c *Config) {
	deletes(c)
	tr := &c.Projects["support"].Transfers[0]
	for _, field := range []string{"MailingCity", "MailingLatitude", "Description"} {
		tr.Fields = append(tr.Fields, PairConfig{Salesforce: field, Platform: everyPair[field], Direction: string(bridge.Inbound)})
	}
}

func everyAttribute() []respondiotest.Field {
	return append(respondiotest.Fields(), respondiotest.Field{Name: "city"}, respondiotest.Field{Name: "latitude", Type: "number"}, respondiotest.Field{Name: "text"})
}

// cast is the people of whom a shape of events tells, beside a crowd that is edited at both ends all the while.
type cast struct {
	*ordeal
	records []string
	edits   int
	calls   int // of the platform before the cast came
}

// newCast brings people in of whom every field is filled.
func newCast(x *ordeal) *cast {
	k := &cast{ordeal: x, calls: len(x.sim.crm.Requests())}
	for i := range 4 {
		id, err := x.sim.org.Create("Contact", map[string]any{
			"FirstName": "Mei", "LastName": fmt.Sprint("Tan ", i), "Email": email(i), "MobilePhone": fmt.Sprintf("+6012345678%d", i), "Birthdate": "1990-02-03",
			"MailingCity": "Ipoh", "Description": prose(fmt.Sprint("of ", i)),
		})
		if err != nil {
			x.t.Fatal(err)
		}
		k.records = append(k.records, id)
	}
	return k
}

// prose is a text that is long enough to be told as a difference.
func prose(end string) string { return strings.Repeat("a line of a text that goes on\r\n", 60) + end }

// works has everybody edited, who is in no event of the shape too.
func (k *cast) works(when string) {
	k.t.Helper()
	for range 2 {
		for i, id := range k.records {
			if row, _ := k.sim.org.Row("Contact", id); row["IsDeleted"] != true {
				k.edits++
				k.edit(id, map[string]any{[]string{"FirstName", "LastName", "MailingCity", "Description"}[(i+k.edits)%4]: fmt.Sprint("edit ", k.edits)})
			}
		}
		k.clash(3, time.Second)
	}
	k.same(when)
}

// same waits until the platform holds every record as it stands, each once, and that nothing was sent twice.
func (k *cast) same(when string) {
	k.t.Helper()
	k.until(when+": the platform holds every record as it stands", 10*time.Minute, func() bool { return len(k.apart()) == 0 })
	if again := k.again(); len(again) > 0 {
		k.explain()
		k.t.Errorf("%s: sent twice: %q", when, again)
	}
}

// rests waits until both ends are equal and stay so, with nothing open and nothing set aside.
func (k *cast) rests(when string) {
	k.t.Helper()
	k.filled(when)
	k.agrees(when)
	k.same(when)
	raw, err := k.app.store.Quarantined(k.t.Context())
	k.must(err)
	for _, e := range raw {
		k.t.Errorf("%s: an event of %s could not be read: %s", when, e.Object, e.Reason)
	}
}

// apart lists what the platform does not hold as Salesforce does.
func (k *cast) apart() (all []string) {
	contacts := map[string]respondiotest.Contact{}
	for _, c := range k.sim.crm.Contacts() {
		contacts[c.Get("custom.salesforce_id")] = c
	}
	rows := k.sim.org.Rows("Contact")
	if n := len(k.sim.crm.Contacts()); n != len(rows) {
		all = append(all, fmt.Sprintf("%d contacts of %d records", n, len(rows)))
	}
	for _, row := range rows {
		c := contacts[row["Id"].(string)]
		for field, attribute := range everyPair {
			if near, far := plainText(row[field]), c.Get(attribute); near != far {
				all = append(all, fmt.Sprintf("%s: %s is %q in Salesforce and %q on the platform", row["Id"], field, near, far))
			}
		}
	}
	return all
}

// plainText is a stored value as the platform shows it.
func plainText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.Format(time.DateOnly)
	}
	return fmt.Sprint(v)
}

// again lists what was written to the platform in the same words twice. No value comes back in these tests.
func (k *cast) again() (all []string) {
	seen := map[string]int{}
	for _, r := range k.sim.crm.Requests()[k.calls:] {
		if r.Status/100 == 2 && slices.Contains([]string{"create", "update", "upsert", "delete", "tag"}, r.Op) {
			key := fmt.Sprintf("%s %s %s", r.Op, r.Path, r.Body)
			if seen[key]++; seen[key] == 2 {
				all = append(all, key)
			}
		}
	}
	return all
}

// together changes all of the cast in one transaction.
func (k *cast) together(fields func(i int) map[string]any) {
	k.t.Helper()
	k.must(k.sim.org.Do(func(tx *fakeorg.Tx) error {
		for i, id := range k.records {
			if err := tx.Update("Contact", id, fields(i)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// silently does something of which the bus is told nothing.
func (k *cast) silently(do func() error) {
	k.t.Helper()
	k.sim.org.LoseEvents(1)
	k.must(do())
	k.sim.org.LoseEvents(0)
}

func (k *cast) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// gap has an event say that something happened to the first of the cast which no other event tells.
func (k *cast) gap(kind fakeorg.ChangeKind, do func() error) {
	k.t.Helper()
	k.silently(do)
	_, err := k.sim.org.Gap("Contact", kind, k.records[0])
	k.must(err)
}

// aShape is one way in which an org may tell of changes.
type aShape struct {
	set   func(o *fakeorg.Org, on bool) // switches it; nil for what is no switch
	act   func(k *cast)                 // has it happen
	is    func(e []fakeorg.Event) bool  // reports whether the events since then, and the one before, have it
	holes int                           // that open by it
}

// some reports whether any header is as wanted.
func some(is func(h fakeorg.Header) bool) func([]fakeorg.Event) bool {
	return func(all []fakeorg.Event) bool {
		return slices.ContainsFunc(all, func(e fakeorg.Event) bool { return is(e.Header) })
	}
}

func ofKind(kind string) func([]fakeorg.Event) bool {
	return some(func(h fakeorg.Header) bool { return h.Kind == kind })
}

// shapes are told of beside ordinary events; is keeps each row from passing where its shape never came.
var shapes = map[string]aShape{
	"one event of many records": {
		act: func(k *cast) {
			k.together(func(int) map[string]any { return map[string]any{"LastName": "Lim", "MailingCity": "Melaka"} })
		},
		is: some(func(h fakeorg.Header) bool { return len(h.Records) == 4 }),
	},
	"one update in several events": {
		set: (*fakeorg.Org).SplitUpdates,
		act: func(k *cast) {
			k.together(func(i int) map[string]any {
				return map[string]any{"LastName": fmt.Sprint("Lim ", i), "MailingCity": "Melaka"}
			})
		},
		is: func(all []fakeorg.Event) bool {
			shared, last := all[len(all)-5].Header, all[len(all)-1].Header
			return last.Sequence == 5 && shared.Key == last.Key && len(shared.Records) == 4
		},
	},
	"nothing but parts of an address": {
		act: func(k *cast) { k.must(k.sim.org.Geocode("Contact", k.records[0], "MailingAddress", 4.5975, 101.0901)) },
		is: some(func(h fakeorg.Header) bool {
			return len(h.Changed) > 0 && !slices.ContainsFunc(h.Changed, func(bits string) bool { return !strings.Contains(bits, "-") })
		}),
	},
	"a creation that is not told": {
		act: func(k *cast) {
			k.silently(func() error {
				id, err := k.sim.org.Create("Contact", map[string]any{"LastName": "Koh", "Email": "koh@example.com"})
				k.records = append([]string{id}, k.records...)
				return err
			})
			k.gap(fakeorg.KindCreate, func() error { return nil })
		},
		is: ofKind("GAP_CREATE"),
	},
	"an update that is not told": {
		act: func(k *cast) {
			k.gap(fakeorg.KindUpdate, func() error {
				return k.sim.org.Update("Contact", k.records[0], map[string]any{"LastName": "Lim", "Birthdate": nil, "Description": "short"})
			})
		},
		is: ofKind("GAP_UPDATE"),
	},
	"a deletion that is not told": {
		act: func(k *cast) {
			k.gap(fakeorg.KindDelete, func() error { return k.sim.org.Delete("Contact", k.records[0]) })
		},
		is: ofKind("GAP_DELETE"),
	},
	"an undeletion that is not told": {
		act: func(k *cast) {
			k.must(k.sim.org.Delete("Contact", k.records[0]))
			k.same("deleted")
			k.calls = len(k.sim.crm.Requests()) // she is created once more
			k.gap(fakeorg.KindUndelete, func() error { return k.sim.org.Undelete("Contact", k.records[0]) })
		},
		is: ofKind("GAP_UNDELETE"),
	},
	"more of every kind than events are made of": {
		act: func(k *cast) {
			k.sim.org.OverflowAfter(1)
			k.must(k.sim.org.Do(func(tx *fakeorg.Tx) error {
				_, err := tx.Create("Contact", map[string]any{"LastName": "Koh", "Email": "koh@example.com"})
				_, err2 := tx.Create("Contact", map[string]any{"LastName": "Ong", "Email": "ong@example.com"})
				return errors.Join(err, err2, tx.Delete("Contact", k.records[0]), tx.Update("Contact", k.records[1], map[string]any{"LastName": "Lim"}))
			}))
			k.sim.org.OverflowAfter(0)
		},
		is: ofKind("GAP_OVERFLOW"), holes: 1,
	},
	"every record at once, unnamed": {
		act: func(k *cast) {
			k.silently(func() error { return k.sim.org.Update("Contact", k.records[0], map[string]any{"LastName": "Lim"}) })
			k.silently(func() error { return k.sim.org.Update("Contact", k.records[3], map[string]any{"Description": nil}) })
			_, err := k.sim.org.Wildcard("Contact")
			k.must(err)
		},
		is: some(func(h fakeorg.Header) bool { return h.Records[0] == "003*" }), holes: 1,
	},
	"a long text as a difference": {
		set: (*fakeorg.Org).DiffLongText,
		act: func(k *cast) {
			k.edit(k.records[0], map[string]any{"Description": prose("begun")})
			k.edit(k.records[0], map[string]any{"Description": prose("ended"), "LastName": "Lim"})
		},
		is: some(func(h fakeorg.Header) bool { return len(h.Diff) > 0 }),
	},
	"commits numbered by a clock": {
		set: (*fakeorg.Org).Hyperforce,
		act: func(k *cast) {
			calls := k.sim.org.APICalls()
			for i := range 5 { // in one instant: their numbers differ by one each
				k.edit(k.records[0], map[string]any{"LastName": fmt.Sprint("Lim ", i)})
			}
			k.same("in one instant")
			if n := k.sim.org.APICalls() - calls; n > 0 {
				k.t.Errorf("%d calls to tell the commits of one instant apart", n)
			}
		},
		is: some(func(h fakeorg.Header) bool { return h.Number > 1<<53 }),
	},
	"addresses of an older schema": {
		set: func(o *fakeorg.Org, on bool) { _ = o.AgeAddresses("Contact", on) },
		act: func(k *cast) {
			k.edit(k.records[0], map[string]any{"MailingCity": "Melaka", "LastName": "Lim", "Description": "short"})
		},
		is: func(all []fakeorg.Event) bool { return all[0].SchemaID != all[1].SchemaID },
	},
	"a type that nobody knows": {
		act: func(k *cast) {
			k.sim.org.AddChangeType("ARCHIVED")
			k.silently(func() error { return k.sim.org.Update("Contact", k.records[0], map[string]any{"LastName": "Lim"}) })
			_, err := k.sim.org.Emit(fakeorg.Header{Entity: "Contact", Records: k.records[:1], Kind: "ARCHIVED", Key: "k", Sequence: 1, Timestamp: time.Now(), Number: 1 << 50}, nil, nil)
			k.must(err)
		},
		is: ofKind("ARCHIVED"),
	},
}

// TestBridge_EndsEqualOverEveryShapeOfEvent has people edited before, while and after an org tells of changes in a shape of its own: the platform ends as
// Salesforce does, and nothing goes there twice.
func TestBridge_EndsEqualOverEveryShapeOfEvent(t *testing.T) {
	t.Parallel()
	for name, c := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undergo(t, simOptions{seed: 110, fields: everyAttribute()}, everyField, func(t *testing.T, x *ordeal) {
				x.filled("the first run")
				k := newCast(x)
				k.works("before")
				time.Sleep(10 * time.Second) // no event of it is still to come
				was := len(x.sim.org.Events()) - 1
				if c.set != nil {
					c.set(x.sim.org, true)
				}
				c.act(k)
				if told := x.sim.org.Events()[was:]; !c.is(told) {
					t.Fatalf("no event has the shape: %+v", told)
				}
				k.same("by its events alone")
				k.works("meanwhile")
				if c.set != nil {
					c.set(x.sim.org, false)
				}
				k.works("after")
				if _, n := x.left(); n != c.holes {
					t.Errorf("%d holes were needed, want %d", n, c.holes)
				}
				k.rests("at last")
			})
		})
	}
}

// TestBridge_LosesNothingOfEventsThatShareAReplayID has a channel tell of each record of an update by itself, all under one replay id, and the reading end in
// the midst of them: Salesforce may then repeat none of them or all.
func TestBridge_LosesNothingOfEventsThatShareAReplayID(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(x *ordeal){
		"by nothing":                  func(*ordeal) {},
		"by a stream that breaks":     func(x *ordeal) { x.sim.org.CloseStreams(codes.Unavailable, "") },
		"by a stop that takes a day":  func(x *ordeal) { x.stop(); time.Sleep(24 * time.Hour); x.start() },
		"by a stop and a change more": func(x *ordeal) { x.stop(); x.joins(); x.start() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undergo(t, simOptions{seed: 111, fields: everyAttribute()}, everyField, func(t *testing.T, x *ordeal) {
				x.filled("the first run")
				x.stop()
				x.sim.org.GrantSetup(true)
				x.sim.org.SetChannel(ownChannel, "Contact")
				if err := x.sim.org.EnrichChannel(ownChannel, "Contact", "Email", "MailingAddress", "Description"); err != nil {
					t.Fatal(err)
				}
				x.start()
				x.filled("the channel takes the topic's place")
				k := newCast(x)
				k.works("before")
				time.Sleep(10 * time.Second)
				x.sim.org.LimitAnswers(1)
				x.sim.org.SlowAnswers(2 * time.Second)
				k.together(func(int) map[string]any { return map[string]any{"LastName": "Lim"} })
				time.Sleep(5 * time.Second)
				if n := k.named("Lim"); n == 0 || n == len(k.records) {
					t.Fatalf("%d of %d are told, which is not the midst", n, len(k.records))
				}
				end(x)
				x.sim.org.SlowAnswers(0)
				x.sim.org.LimitAnswers(0)
				k.same("after an end in their midst")
				k.together(func(int) map[string]any { return map[string]any{"MailingCity": "Melaka"} })
				k.must(x.sim.org.Delete("Contact", k.records[3]))
				k.works("after")
				k.rests("at last")
			})
		})
	}
}

// named counts the contacts of that last name.
func (k *cast) named(last string) (n int) {
	for _, c := range k.sim.crm.Contacts() {
		if c.Get("lastName") == last {
			n++
		}
	}
	return n
}
