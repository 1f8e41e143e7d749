package bridge

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Hole is a stretch of time of which events may be missing. It is filled by a compare of the records with what the mirror holds, and closes only once
// the rows and the deletions of each object were compared.
type Hole struct {
	Org    OrgID     `json:"org"`
	Topic  Topic     `json:"topic"`
	Object Object    `json:"object,omitempty"` // "" for every object of the topic
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"` // zero while it is not known: reading has not begun again
	Reason string    `json:"reason"`
	// Whole says that any record may have changed, and not only those that were written since From.
	Whole bool `json:"whole,omitempty"`
	// Quiet says that rows that were written before From enter the mirror only: nothing of them is carried.
	Quiet bool `json:"quiet,omitempty"`
	// Filled is how far each object was compared.
	Filled map[Object]Filled `json:"filled,omitempty"`
	// Approved is an operator's word that what is held may be done.
	Approved bool `json:"approved,omitempty"`
	Closed   bool `json:"closed,omitempty"`
}

// FirstLoad is what becomes of records that are there before anything was read of them.
type FirstLoad string

// The first loads.
const (
	LoadNone   FirstLoad = "none"   // they are known once they change; the zero FirstLoad is this
	LoadMirror FirstLoad = "mirror" // they are read into the mirror, and carried once they change
	LoadSend   FirstLoad = "send"   // they are carried like changes
)

// Filled is how far one object of a hole was compared.
type Filled struct {
	Upto    time.Time `json:"upto,omitzero"` // rows that were written before it are in
	Rows    int       `json:"rows,omitempty"`
	Deleted int       `json:"deleted,omitempty"`
	Held    string    `json:"held,omitempty"` // why the deletions wait for an operator, "" where they do not
	Done    bool      `json:"done,omitempty"`
}

// Held says why the hole waits for an operator, "" where it does not.
func (h *Hole) Held() string {
	for _, o := range slices.Sorted(maps.Keys(h.Filled)) {
		if why := h.Filled[o].Held; why != "" {
			return why
		}
	}
	return ""
}

// ID names the hole to people: twelve hex digits that stay the same as it is filled.
func (h *Hole) ID() string {
	sum := sha256.Sum256([]byte(string(h.Org) + "\x00" + string(h.Topic) + "\x00" + string(h.Object) + "\x00" + strconv.FormatInt(h.From.UnixNano(), 10)))
	return hex.EncodeToString(sum[:6])
}

// Since asks for the rows of an object that were written at a time or later; the zero time asks for all.
type Since struct {
	Object Object
	At     time.Time
	Fields []Field
}

// Deletions are rows of an object that were deleted, those too that left the recycle bin since.
type Deletions struct {
	Rows []Row
	// From and To are the stretch of time within which none is missing: Salesforce keeps the list for some days, and may lag behind.
	From, To time.Time
}
