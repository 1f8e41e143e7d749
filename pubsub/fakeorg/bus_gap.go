package fakeorg

import (
	"errors"
	"fmt"
	"maps"
	"time"
)

// What the platform itself does to records, beside every transaction of a user.

// platformUser stamps the header of what the platform does by itself; it is no row of User.
func platformUser() string { return makeID("005", 3) }

// Gap tells that something happened to records, and nothing of what: GAP_CREATE, GAP_UPDATE, GAP_DELETE or GAP_UNDELETE by kind, as after
// an archiving run or an internal error. The rows themselves stay as they are.
func (o *Org) Gap(object string, kind ChangeKind, records ...string) (Event, error) {
	if len(records) == 0 {
		return Event{}, errors.New("gap: no records")
	}
	ids := make([]string, len(records))
	for i, id := range records {
		ids[i] = id18(id)
	}
	return o.emitPlatform(object, "GAP_"+string(kind), ids)
}

// Wildcard tells that any record of an object may have changed, as the conversion of a field to another type does.
func (o *Org) Wildcard(object string) (Event, error) {
	found := o.object(object)
	if found == nil {
		return Event{}, fmt.Errorf("wildcard: no object %s", object)
	}
	return o.emitPlatform(object, "GAP_UPDATE", []string{found.Prefix + "*"})
}

// emitPlatform puts an event of the platform on the bus, which has a commit of its own and no origin.
func (o *Org) emitPlatform(object, kind string, records []string) (Event, error) {
	found := o.object(object)
	if found == nil {
		return Event{}, fmt.Errorf("emit %s: no object %s", kind, object)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	number := o.nextCommit()
	return o.Emit(Header{Entity: found.Name, Records: records, Kind: kind, Key: transactionKey(o.OrgID(), number), Sequence: 1,
		Timestamp: o.now().Truncate(time.Second), Number: number, User: platformUser()}, nil, nil)
}

// Geocode stores where an address lies, as the platform does some time after a save: by its own user, without an origin, and leaving
// LastModifiedDate as it was, so that the event flags nothing but parts of a compound. Compound is the address, such as MailingAddress.
func (o *Org) Geocode(object, id, compound string, latitude, longitude float64) error {
	return o.DoAs(Actor{User: platformUser()}, func(tx *Tx) error {
		found, err := tx.named(object)
		if err != nil {
			return err
		}
		old, refused := tx.living(found, id)
		if refused != nil {
			return refused
		}
		whole := found.Find(compound)
		if whole == nil || whole.Type != "address" {
			return fmt.Errorf("geocode: %s of %s is no address", compound, found.Name)
		}
		values, changed := maps.Clone(old.values), []string{}
		for name, v := range map[string]any{"Latitude": latitude, "Longitude": longitude} {
			part := findPart(found, whole, name)
			stored, refused := part.accept(v)
			if refused != nil {
				return refused
			}
			if values[part.Name] != stored {
				values[part.Name] = stored
				changed = append(changed, part.Name)
			}
		}
		values["SystemModstamp"] = tx.now
		tx.put(found, &row{id: old.id, values: values}, KindUpdate, changed)
		tx.moves[len(tx.moves)-1].unstamped = true
		return nil
	})
}

// Hyperforce makes commit numbers the nanoseconds of the commit's clock, about 1.7e18, as such orgs have them; otherwise they count on
// from about 1e13.
func (o *Org) Hyperforce(on bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hyperforce = on
}

// nextCommit returns the number of the next commit; the caller holds mu.
func (o *Org) nextCommit() int64 {
	o.commits++
	number := firstCommit + o.commits
	if o.hyperforce {
		number = o.now().UnixNano()
	}
	o.lastCommit = max(o.lastCommit+1, number)
	return o.lastCommit
}
