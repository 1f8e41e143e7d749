package fakeorg

import (
	"net/http"
	"slices"
	"time"
)

// The delete log answers "Get Deleted" of the REST API guide: 15 days back, also of rows that left the recycle bin meanwhile.
const deletedReach = 15 * 24 * time.Hour

// maxDeleted is how many ids one answer holds.
const maxDeleted = 600_000

// purged is a row that left the recycle bin: nothing but the delete log knows of it.
type purged struct {
	id string
	at time.Time
}

// EmptyBin takes the deleted rows of an object out of the recycle bin, which raises no event. It returns how many there were.
func (o *Org) EmptyBin(object string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	found := o.object(object)
	if found == nil {
		return 0
	}
	rows, n := o.begin(Actor{}).table(found), 0
	for _, id := range slices.Clone(rows.order) {
		if r := rows.rows[id]; r.deleted {
			if o.purged == nil {
				o.purged = make(map[string][]purged)
			}
			o.purged[found.Name] = append(o.purged[found.Name], purged{id, stampOf(r)})
			rows.put(id, nil)
			n++
		}
	}
	return n
}

func stampOf(r *row) time.Time {
	at, _ := r.values["SystemModstamp"].(time.Time)
	return at
}

// deletedRows answers /sobjects/X/deleted: what was deleted between start and end, whose seconds do not count.
func (c *call) deletedRows(o *Object) reply {
	now := c.org.now().UTC()
	start, ok := replicationTime(c.r.URL.Query().Get("start"))
	end, fine := replicationTime(c.r.URL.Query().Get("end"))
	switch {
	case !ok || !fine:
		return refusal(refuse("INVALID_REPLICATION_DATE", "start and end must be given as ISO 8601 with a time zone"))
	case !start.Before(end):
		return refusal(refuse("INVALID_REPLICATION_DATE", "startDate before endDate by more than one minute is needed"))
	case start.Before(now.Add(-deletedReach)):
		return refusal(refuse("INVALID_REPLICATION_DATE", "startDate is before the 15 days for which deletions are kept"))
	case end.After(now.Add(time.Minute)):
		return refusal(refuse("INVALID_REPLICATION_DATE", "endDate is in the future"))
	}
	gone := c.org.gone(o, start, end)
	if len(gone) > maxDeleted {
		return refusal(refuse("EXCEEDED_ID_LIMIT", "the number of ids exceeds the limit"))
	}
	list := []members{}
	for _, p := range gone {
		list = append(list, members{{"deletedDate", jsonValue("datetime", p.at)}, {"id", p.id}})
	}
	return answer(http.StatusOK, members{
		{"deletedRecords", list}, {"earliestDateAvailable", jsonValue("datetime", now.Add(-deletedReach).Truncate(time.Second))},
		{"latestDateCovered", jsonValue("datetime", end)},
	})
}

// gone returns the rows of an object that were deleted between two times, those that left the recycle bin last.
func (o *Org) gone(object *Object, start, end time.Time) []purged {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []purged
	rows := o.begin(Actor{}).table(object)
	for _, id := range rows.order {
		if r := rows.rows[id]; r.deleted {
			all = append(all, purged{r.id, stampOf(r)})
		}
	}
	all = append(all, o.purged[object.Name]...)
	return slices.DeleteFunc(all, func(p purged) bool { return p.at.Before(start) || !p.at.Before(end) })
}

// replicationTime reads a time of Get Deleted; seconds are left out.
func replicationTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05.000-0700"} {
		if t, err := time.Parse(layout, text); err == nil { // a plus that was not escaped is a blank, and no time
			return t.UTC().Truncate(time.Minute), true
		}
	}
	return time.Time{}, false
}
