package salesforce

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// queuePrefix stands before the developer name of a queue.
const queuePrefix = "queue:"

// How owners are looked up.
const (
	ownerFor     = 10 * time.Minute // how long an answer is kept
	ownersAtOnce = 40               // names in one query; each may be an e-mail of 80 characters, twice
	ownersKept   = 10_000
	longestOwner = 80 // characters of a user name; what is longer names nobody
)

// owner is who a name stands for: an id, or why he cannot own.
type owner struct {
	id   bridge.RecordID
	why  string
	read time.Time
}

// owners keeps who the names stand for.
type owners struct {
	now func() time.Time

	mu   sync.Mutex
	kept map[string]owner // by object, for queues, and name
}

func newOwners(now func() time.Time) *owners { return &owners{now: now, kept: map[string]owner{}} }

func (o *owners) get(key string) (owner, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	who, ok := o.kept[key]
	return who, ok && o.now().Sub(who.read) < ownerFor
}

func (o *owners) put(key string, who owner) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.kept) >= ownersKept {
		clear(o.kept)
	}
	who.read = o.now()
	o.kept[key] = who
}

// refused notes that the org did not take an owner: whoever is named so cannot own until he is looked up again.
func (o *owners) refused(id, why string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key, who := range o.kept {
		if string(who.id) == id {
			o.kept[key] = owner{why: why, read: o.now()}
		}
	}
}

// ownerKey tells queues of one object from those of another; ids have capitals, user names and e-mails none.
func ownerKey(o bridge.Object, name string) string {
	switch {
	case strings.HasPrefix(name, queuePrefix):
		return string(o) + " " + strings.ToLower(name)
	case bridge.IsID(name):
		return bridge.LongID(name)
	}
	return strings.ToLower(name)
}

// learnOwners looks up all owners that the writes name and nobody knows yet, in one query for users and one for queues where there are any.
func (c *Client) learnOwners(ctx context.Context, ws []bridge.Write) error {
	users, queues := map[string]bool{}, map[bridge.Object]map[string]bool{}
	for i := range ws {
		for _, name := range ws[i].Terms.Owners {
			if _, known := c.owners.get(ownerKey(ws[i].Object, name)); known || len(name) > longestOwner {
				continue
			}
			if queue, ok := strings.CutPrefix(name, queuePrefix); !ok {
				users[ownerKey("", name)] = true
			} else if queues[ws[i].Object] == nil {
				queues[ws[i].Object] = map[string]bool{queue: true}
			} else {
				queues[ws[i].Object][queue] = true
			}
		}
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(users)), ownersAtOnce) {
		if err := c.learnUsers(ctx, part); err != nil {
			return err
		}
	}
	for o, names := range queues {
		if err := c.learnQueues(ctx, o, slices.Sorted(maps.Keys(names))); err != nil {
			return err
		}
	}
	return nil
}

// learnUsers asks for users by id, user name and e-mail; an e-mail of a sandbox ends in .invalid.
func (c *Client) learnUsers(ctx context.Context, names []string) error {
	var ids, others, mails []string
	for _, name := range names {
		if bridge.IsID(name) {
			ids = append(ids, quoted(name))
			continue
		}
		others = append(others, quoted(name))
		mails = append(mails, quoted(name), quoted(name+".invalid"))
	}
	var either []string
	for _, part := range []struct {
		field string
		list  []string
	}{{"Id", ids}, {"Username", others}, {"Email", mails}} {
		if len(part.list) > 0 {
			either = append(either, part.field+" IN ("+strings.Join(part.list, ",")+")")
		}
	}
	rows, err := c.query(ctx, "SELECT Id, Username, Email, IsActive FROM User WHERE "+strings.Join(either, " OR "), false)
	if err != nil {
		return fmt.Errorf("look up owners: %w", err)
	}
	for _, name := range names {
		c.owners.put(name, chooseUser(name, rows))
	}
	return nil
}

// chooseUser is the one active user who has the name: by id or user name, or else alone by e-mail.
func chooseUser(name string, rows []record) owner {
	var mailed []record
	invalid := ""
	for _, r := range rows {
		switch mail := strings.ToLower(r.text("Email")); {
		case strings.EqualFold(r.text("Username"), name), bridge.IsID(name) && strings.EqualFold(r.text("Id"), bridge.LongID(name)):
			if string(r["IsActive"]) == "true" {
				return owner{id: bridge.RecordID(r.text("Id"))}
			}
			return owner{why: "user " + r.text("Id") + " is inactive"}
		case mail == name:
			mailed = append(mailed, r)
		case mail == name+".invalid":
			invalid = r.text("Id")
		}
	}
	active := slices.DeleteFunc(slices.Clone(mailed), func(r record) bool { return string(r["IsActive"]) != "true" })
	switch {
	case len(active) == 1:
		return owner{id: bridge.RecordID(active[0].text("Id"))}
	case len(active) > 1:
		return owner{why: fmt.Sprintf("users %s and %s share the e-mail", active[0].text("Id"), active[1].text("Id"))}
	case len(mailed) > 0:
		return owner{why: "user " + mailed[0].text("Id") + " is inactive"}
	case invalid != "":
		return owner{why: "the e-mail of user " + invalid + " ends in .invalid, as a sandbox makes them"}
	}
	return owner{why: "no user has that name or e-mail"}
}

// learnQueues asks for the queues that may own an object.
func (c *Client) learnQueues(ctx context.Context, o bridge.Object, names []string) error {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = quoted(name)
	}
	soql := "SELECT QueueId, Queue.DeveloperName FROM QueueSobject WHERE SobjectType = " + quoted(string(o)) +
		" AND Queue.DeveloperName IN (" + strings.Join(list, ",") + ")"
	rows, err := c.query(ctx, soql, false)
	if err != nil {
		return fmt.Errorf("look up queues: %w", err)
	}
	for _, name := range names {
		who := owner{why: "queue " + name + " owns no " + string(o)}
		for _, r := range rows {
			if raw, _ := r.member("Queue.DeveloperName"); strings.EqualFold(string(raw), strconv.Quote(name)) {
				who = owner{id: bridge.RecordID(bridge.LongID(r.text("QueueId")))}
			}
		}
		c.owners.put(ownerKey(o, queuePrefix+name), who)
	}
	return nil
}

// owner is the best of the owners that can own, "" for whoever writes, and a note of those who cannot.
func (c *Client) owner(w *bridge.Write) (id bridge.RecordID, note string) {
	var whys []string
	for _, name := range w.Terms.Owners {
		who, known := c.owners.get(ownerKey(w.Object, name))
		if !known {
			who.why = "no user has that name or e-mail"
		}
		if id = who.id; id != "" {
			break
		}
		whys = append(whys, who.why)
	}
	if len(whys) == 0 {
		return id, ""
	}
	return id, "another owner: " + rest.Clean(strings.Join(whys, "; "))
}
