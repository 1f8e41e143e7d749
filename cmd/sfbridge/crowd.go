package main

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
)

// crowd is people who work at both far ends. Every edit carries a mark of its own, by which it is known again at the other end.
type crowd struct {
	sim  *sim
	now  bridge.Now
	tell func(edit) // of each edit that arrived; nil for nobody

	mu      sync.Mutex
	random  *rand.Rand
	people  []*person
	marks   int
	waiting map[string]*edit // by mark
	edits   map[string]*edit // all that were ever made, by mark
	newest  map[slot]string  // the newest mark seen at the far end
	behind  []string         // older values that came after newer ones
	repeats int              // messages that brought a value again
	ways    map[bridge.Direction]*tally
	calls0  int64 // API calls before the crowd came
}

// person is one human, known at both ends.
type person struct {
	record  string // of Salesforce, "" while he is unknown there
	contact uint64 // of the platform, 0 while he is unknown there
	busy    bool   // an edit of his is under way
	last    map[string]*edit
}

// edit is one change that a user made.
type edit struct {
	way    bridge.Direction
	who    *person
	field  string // our name of it
	value  string
	at     time.Time
	took   time.Duration // until it was at the far end, 0 before
	create bool
}

// slot is where an edit lands.
type slot struct {
	way   bridge.Direction
	who   *person
	field string
}

// tally counts one direction.
type tally struct {
	made, arrived int
	took          []time.Duration
}

// attributes are the platform's names of the fields that people edit.
var attributes = map[string]string{"FirstName": "firstName", "LastName": "lastName", "Email": "email"}

// mark is how an edit is known again.
var mark = regexp.MustCompile(`x[0-9]{6,}x`)

// newCrowd watches both ends. It must be made before the daemon starts.
func newCrowd(s *sim, now bridge.Now, seed uint64) *crowd {
	c := &crowd{
		sim: s, now: now, random: rand.New(rand.NewPCG(seed, 7)), waiting: map[string]*edit{}, edits: map[string]*edit{}, newest: map[slot]string{},
		ways: map[bridge.Direction]*tally{bridge.Inbound: {}, bridge.Outbound: {}}, calls0: s.org.APICalls(),
	}
	s.heard(func(r respondiotest.Request) {
		if r.Status >= 200 && r.Status < 300 {
			c.seen(bridge.Inbound, string(r.Body))
		}
	})
	s.org.OnSave("Contact", func(values map[string]any) {
		for field := range attributes {
			if v, ok := values[field].(string); ok {
				c.seen(bridge.Outbound, v)
			}
		}
	})
	return c
}

// seen notes the edits whose mark stands in text.
func (c *crowd) seen(way bridge.Direction, text string) {
	now := c.now()
	for _, m := range mark.FindAllString(text, -1) {
		c.mu.Lock()
		c.orderLocked(way, m)
		e, ok := c.waiting[m]
		if ok && e.way == way {
			delete(c.waiting, m)
			e.took = max(now.Sub(e.at), 1)
			e.who.busy = false
			t := c.ways[way]
			t.arrived++
			t.took = append(t.took, e.took)
		}
		tell := c.tell
		c.mu.Unlock()
		if ok && e.way == way && tell != nil {
			tell(*e)
		}
	}
}

// orderLocked notes a value that came after a newer one of the same field. Marks are numbered, so they sort.
func (c *crowd) orderLocked(way bridge.Direction, m string) {
	e, ok := c.edits[m]
	if !ok || e.way != way {
		return
	}
	at := slot{way, e.who, e.field}
	if m < c.newest[at] {
		c.behind = append(c.behind, fmt.Sprintf("%s %s after %s", way, m, c.newest[at]))
		return
	}
	if m == c.newest[at] && way == bridge.Inbound { // a save tells all values of the row each time
		c.repeats++
	}
	c.newest[at] = m
}

// markLocked is a new mark inside a text: lower case, so that it survives an e-mail address.
func (c *crowd) markLocked() string {
	c.marks++
	return fmt.Sprintf("x%06dx", c.marks)
}

var firstNames = []string{"Mei", "Aiko", "Lena", "Omar", "Ana", "Jonas", "Priya", "Noor", "Wei", "Yuki", "Luca", "Sara"}
var lastNames = []string{"Tan", "Sato", "Meyer", "Haddad", "Silva", "Berg", "Nair", "Khan", "Lin", "Mori", "Rossi", "Lim"}

// join brings a new person in at one end; he must arrive at the other.
func (c *crowd) join(way bridge.Direction) error {
	c.mu.Lock()
	m := c.markLocked()
	p := &person{busy: true, last: map[string]*edit{}}
	first, last := firstNames[c.random.IntN(len(firstNames))], lastNames[c.random.IntN(len(lastNames))]
	e := &edit{way: way, who: p, field: "Email", value: fmt.Sprintf("%s.%s@example.com", strings.ToLower(first), m), create: true, at: c.now()}
	p.last[e.field] = e
	c.people, c.waiting[m], c.edits[m] = append(c.people, p), e, e
	c.ways[way].made++
	c.mu.Unlock()
	if way == bridge.Outbound {
		got := c.sim.crm.Create(map[string]string{"firstName": first, "lastName": last, "email": e.value})
		c.mu.Lock()
		defer c.mu.Unlock()
		p.contact = got.ID
		return nil
	}
	id, err := c.sim.org.Create("Contact", map[string]any{"FirstName": first, "LastName": last, "Email": e.value})
	c.mu.Lock()
	defer c.mu.Unlock()
	p.record = id
	return err
}

// meet learns who is who at the other end.
func (c *crowd) meet() {
	records, contacts := map[string]string{}, map[string]uint64{}
	for _, r := range c.sim.org.Rows("Contact") {
		if email, ok := r["Email"].(string); ok {
			records[email], _ = r["Id"].(string)
		}
	}
	for _, k := range c.sim.crm.Contacts() {
		contacts[k.Get("email")] = k.ID
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.people {
		email := p.last["Email"].value
		if p.record == "" {
			p.record = records[email]
		}
		if p.contact == 0 {
			p.contact = contacts[email]
		}
	}
}

// work lets somebody edit one field at one end. With patient, only people of whom no edit is under way. It reports whether somebody could.
func (c *crowd) work(way bridge.Direction, patient bool) (bool, error) {
	e, p := c.pick(way, patient)
	if e == nil {
		return false, nil
	}
	if way == bridge.Inbound {
		return true, c.sim.org.Update("Contact", p.record, map[string]any{e.field: e.value})
	}
	_, err := c.sim.crm.Edit(p.contact, map[string]string{attributes[e.field]: e.value})
	return true, err
}

func (c *crowd) pick(way bridge.Direction, patient bool) (*edit, *person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range 20 {
		if len(c.people) == 0 {
			return nil, nil
		}
		p := c.people[c.random.IntN(len(c.people))]
		if p.record == "" || p.contact == 0 || patient && p.busy {
			continue
		}
		m := c.markLocked()
		e := &edit{way: way, who: p, at: c.now()}
		switch c.random.IntN(3) {
		case 0:
			e.field, e.value = "FirstName", firstNames[c.random.IntN(len(firstNames))]+" "+m
		case 1:
			e.field, e.value = "LastName", lastNames[c.random.IntN(len(lastNames))]+" "+m
		default:
			e.field, e.value = "Email", strings.ToLower(firstNames[c.random.IntN(len(firstNames))])+"."+m+"@example.com"
		}
		if old := p.last[e.field]; old != nil && old.took == 0 {
			c.forgetLocked(old) // overwritten before it arrived: no final value
		}
		p.busy, p.last[e.field], c.waiting[m], c.edits[m] = true, e, e, e
		c.ways[way].made++
		return e, p
	}
	return nil, nil
}

func (c *crowd) forgetLocked(e *edit) {
	delete(c.waiting, mark.FindString(e.value))
	c.ways[e.way].made--
}

// settled reports whether every edit has arrived.
func (c *crowd) settled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) == 0
}

// unequal lists what differs between the ends, and final values that are not at the far one, by direction.
func (c *crowd) unequal() (all []string, lost map[bridge.Direction]int) {
	lost = map[bridge.Direction]int{}
	c.meet()
	c.mu.Lock()
	people := slices.Clone(c.people)
	c.mu.Unlock()
	for _, p := range people {
		row, _ := c.sim.org.Row("Contact", p.record)
		contact, _ := c.sim.crm.Contact(p.contact)
		for field, attribute := range attributes {
			near, far := fmt.Sprint(row[field]), contact.Get(attribute)
			if row[field] == nil {
				near = ""
			}
			if near != far {
				all = append(all, fmt.Sprintf("%s/%d: %s is %q in Salesforce and %q on the platform", p.record, p.contact, field, near, far))
			}
			if e := p.last[field]; e != nil && (e.way == bridge.Inbound && far != e.value || e.way == bridge.Outbound && near != e.value) {
				lost[e.way]++
			}
		}
	}
	slices.Sort(all)
	return all, lost
}

// twice lists people who are at one end more than once.
func (c *crowd) twice() (all []string) {
	seen := map[string]int{}
	for _, r := range c.sim.org.Rows("Contact") {
		seen[fmt.Sprint("record ", r["Email"])]++
	}
	for _, k := range c.sim.crm.Contacts() {
		seen["contact "+k.Get("email")]++
	}
	for who, n := range seen {
		if n > 1 {
			all = append(all, fmt.Sprintf("%s is there %d times", who, n))
		}
	}
	slices.Sort(all)
	return all
}

// tally is a copy of one direction's counts.
func (c *crowd) tally(way bridge.Direction) tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := *c.ways[way]
	t.took = slices.Clone(t.took)
	return t
}
