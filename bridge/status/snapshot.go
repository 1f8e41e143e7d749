package status

import (
	"time"

	"sfbridge/bridge"
)

// Schema is the version of the form of Status. It grows when a member changes its meaning or goes.
const Schema = 1

// Status is a snapshot for people and programs.
type Status struct {
	Schema  int       `json:"schema"`
	Version string    `json:"version"`
	State   string    `json:"state"` // starting, running or stopping
	At      time.Time `json:"at"`
	Started time.Time `json:"started"`
	UptimeS float64   `json:"uptime_s"`
	Store   Store     `json:"store"`
	Orgs    []Org     `json:"salesforce"`
	Topics  []Topic   `json:"topics"`
	Outlets []Outlet  `json:"outlets"`
	Buried  Buried    `json:"dead_letters"`
	Holes   []Hole    `json:"holes"`
	Alarms  []Alarm   `json:"alarms"`
}

// Store is the state of the store.
type Store struct {
	Engine    string   `json:"engine"`
	Bytes     *int64   `json:"bytes,string"`
	FreeBytes *int64   `json:"free_bytes,string"` // on the disk
	Entries   *int64   `json:"entries,string"`    // that are not settled
	LagS      *float64 `json:"lag_s"`             // age of the oldest of them
	CommitS   *float64 `json:"commit_p99_s"`      // how long a commit takes
	LastError *string  `json:"last_error"`
}

// Org is what is known of a Salesforce org.
type Org struct {
	Name      string       `json:"name"`
	ID        bridge.OrgID `json:"id,omitempty"`
	Auth      string       `json:"auth"` // ok, pending, refused or unreachable
	APIUsed   *int64       `json:"api_used,string"`
	APILimit  *int64       `json:"api_limit,string"`
	LastError *string      `json:"last_error"`
}

// Topic is how far a topic has been read.
type Topic struct {
	Org        string       `json:"org"`
	Topic      bridge.Topic `json:"topic"`
	State      string       `json:"state"` // live, connecting, anchoring, stalled, paused-limit, auth-failed, replay-lost or stopped-needs-admin
	Since      *time.Time   `json:"since"` // of the state
	Retry      *time.Time   `json:"retry"` // when it is tried again, null while nothing is wrong
	LastHeard  *time.Time   `json:"last_message"`
	LastEvent  *time.Time   `json:"last_event"`
	Events     int64        `json:"events,string"` // since the start
	Breaks     int64        `json:"breaks,string"` // streams that ended since the start
	LagS       *float64     `json:"lag_s"`
	Replay     *string      `json:"replay"`       // hex
	ReplayAgeS *float64     `json:"replay_age_s"` // events are kept for 72 hours
	LastError  *string      `json:"last_error"`
}

// Outlet is one direction of one project.
type Outlet struct {
	Project    bridge.ProjectID `json:"project"`
	Platform   string           `json:"platform,omitempty"`
	Direction  bridge.Direction `json:"direction"`
	Breaker    string           `json:"breaker"` // closed, open or half-open
	Waiting    *int64           `json:"waiting,string"`
	OldestAgeS *float64         `json:"oldest_age_s"`
	LastError  *string          `json:"last_error"`
	// Shadow names the transfers that run and send nothing; Silent reports that these are all there are.
	Shadow []bridge.TransferID `json:"shadow"`
	Silent bool                `json:"silent"`
	// Shadowed counts the records, contacts and activities that are out of sync because of it.
	Shadowed *int64 `json:"shadowed,string"`
	// Timed counts what waits for the time of its transfer, which is not Waiting; TimedNext is when the next of that may go.
	Timed     *int64     `json:"timed,string"`
	TimedNext *time.Time `json:"timed_next"`
	Flow
}

// Flow is what went through an outlet of late; the meter fills it in.
type Flow struct {
	PerMinute *float64 `json:"rate_per_min"` // deliveries sent in the last 60 seconds
	P50S      *float64 `json:"p50_s"`        // from intake to the far end, of the last deliveries
	P99S      *float64 `json:"p99_s"`
	Minutes   []int    `json:"minutes"` // deliveries sent in each of the last 60 minutes, the running one last
}

// Buried counts dead letters.
type Buried struct {
	Total    *int64   `json:"total,string"`
	ByReason []Reason `json:"by_reason"`
}

// Reason is why dead letters were buried.
type Reason struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count,string"`
}

// Hole is a stretch of time of which events may be missing.
type Hole struct {
	Org    string       `json:"org"`
	Topic  bridge.Topic `json:"topic"`
	From   time.Time    `json:"from"`
	To     *time.Time   `json:"to"`
	Reason string       `json:"reason"`
	First  bool         `json:"first_run"` // reading began here: nothing was missed that was read before
	ID     string       `json:"id"`
	State  string       `json:"state"`       // waiting, filling or held
	Held   string       `json:"held"`        // why it waits for an operator, "" where it does not
	Rows   int64        `json:"rows,string"` // found so far that no event had told of
	Gone   int64        `json:"deleted,string"`
}

// Alarm is what an operator should look at.
type Alarm struct {
	Name  string     `json:"name"` // such as auth-refused; stable
	Since *time.Time `json:"since"`
	Text  string     `json:"text"`
	Help  string     `json:"help,omitempty"` // what to do
}

// Check is one condition of being ready.
type Check struct {
	Name string
	OK   bool
	Text string // why not, or what was seen
}

// filled makes empty lists of missing ones, so that the form has no null where a list belongs, and puts times into UTC.
func (s *Status) filled() {
	s.Schema = Schema
	s.At, s.Started = s.At.UTC(), s.Started.UTC()
	list(&s.Orgs)
	list(&s.Topics)
	list(&s.Outlets)
	list(&s.Buried.ByReason)
	list(&s.Holes)
	list(&s.Alarms)
	for i := range s.Outlets {
		list(&s.Outlets[i].Minutes)
		list(&s.Outlets[i].Shadow)
	}
	for i := range s.Topics {
		utc(s.Topics[i].LastEvent)
		utc(s.Topics[i].LastHeard)
		utc(s.Topics[i].Since)
		utc(s.Topics[i].Retry)
	}
	for i := range s.Holes {
		s.Holes[i].From = s.Holes[i].From.UTC()
		utc(s.Holes[i].To)
	}
	for i := range s.Alarms {
		utc(s.Alarms[i].Since)
	}
}

func list[T any](l *[]T) {
	if *l == nil {
		*l = []T{}
	}
}

func utc(t *time.Time) {
	if t != nil {
		*t = t.UTC()
	}
}
