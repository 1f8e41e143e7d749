package bridge

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Timing says when what a transfer carries one way goes. The zero value is real time.
type Timing struct {
	Every  time.Duration  // at its multiples since midnight UTC, and at the next midnight, 0 for none
	Zone   *time.Location // daily, at Hour and Minute of this zone; nil for none
	Hour   int
	Minute int
	Never  bool // nothing goes; the mirror is kept all the same
}

// The bounds of Timing.Every.
const (
	LeastEvery = time.Minute
	MostEvery  = 24 * time.Hour
)

var (
	errTiming = errors.New(`it is none of "real-time", "every 15m", "daily 22:00 Asia/Tokyo" and "never"`)
	errEvery  = errors.New("every takes whole minutes from 1m to 24h")
	errDaily  = errors.New("daily takes an hour from 00:00 to 23:59 and a time zone by its IANA name")
)

// ParseTiming reads real-time (or nothing), every 15m, daily 22:00 Asia/Tokyo, or never.
func ParseTiming(text string) (Timing, error) {
	words := strings.Fields(text)
	switch {
	case len(words) == 0, len(words) == 1 && words[0] == "real-time":
		return Timing{}, nil
	case len(words) == 1 && words[0] == "never":
		return Timing{Never: true}, nil
	case words[0] == "every":
		return parseEvery(words[1:])
	case words[0] == "daily":
		return parseDaily(words[1:])
	}
	return Timing{}, errTiming
}

func parseEvery(words []string) (Timing, error) {
	if len(words) != 1 {
		return Timing{}, errEvery
	}
	d, err := time.ParseDuration(words[0])
	if err != nil || d < LeastEvery || d > MostEvery || d%time.Minute != 0 {
		return Timing{}, errEvery
	}
	return Timing{Every: d}, nil
}

func parseDaily(words []string) (Timing, error) {
	if len(words) != 2 || words[1] == "Local" {
		return Timing{}, errDaily
	}
	at, err := time.Parse("15:04", words[0])
	if err != nil {
		return Timing{}, errDaily
	}
	zone, err := time.LoadLocation(words[1])
	if err != nil {
		return Timing{}, errDaily
	}
	return Timing{Zone: zone, Hour: at.Hour(), Minute: at.Minute()}, nil
}

// RealTime reports whether everything goes at once.
func (t Timing) RealTime() bool { return !t.Never && t.Every == 0 && t.Zone == nil }

// String is what ParseTiming reads.
func (t Timing) String() string {
	switch {
	case t.Never:
		return "never"
	case t.Zone != nil:
		return fmt.Sprintf("daily %02d:%02d %s", t.Hour, t.Minute, t.Zone)
	case t.Every > 0:
		text := t.Every.String()
		text = strings.TrimSuffix(text, "0s")
		if strings.HasSuffix(text, "h0m") {
			text = strings.TrimSuffix(text, "0m")
		}
		return "every " + text
	}
	return "real-time"
}

// Next is when what came at a moment goes: the first tick after it. It is that moment in real time, and the zero time for never.
func (t Timing) Next(after time.Time) time.Time {
	switch {
	case t.Never:
		return time.Time{}
	case t.Every > 0:
		day := after.UTC().Truncate(MostEvery)
		return day.Add(min(after.Sub(day).Truncate(t.Every)+t.Every, MostEvery))
	case t.Zone == nil:
		return after
	}
	day := after.In(t.Zone)
	for ahead := 0; ; ahead++ {
		if at := t.on(day.Year(), day.Month(), day.Day()+ahead); at.After(after) {
			return at
		}
	}
}

// on is the tick of a day: the first moment at which the zone's clocks show the hour, or jump over it where summer time begins.
func (t Timing) on(year int, month time.Month, day int) time.Time {
	shown := time.Date(year, month, day, t.Hour, t.Minute, 0, 0, time.UTC)
	at := shown.Add(-15 * time.Hour) // no zone is further ahead, and what lies between holds a change of its clocks
	for {
		in := at.In(t.Zone)
		_, offset := in.Zone()
		_, end := in.ZoneBounds()
		tick := later(shown.Add(-time.Duration(offset)*time.Second), at)
		if end.IsZero() || tick.Before(end) {
			return tick.In(t.Zone)
		}
		at = end
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Later is a delivery that goes when the time of a transfer has come. Of state, one a lane and transfer waits.
type Later struct {
	Delivery Delivery   `json:"delivery"`
	Callback *Callback  `json:"callback,omitempty"` // of the newest, where it came of one
	By       TransferID `json:"by"`                 // whose timing says when
	Since    time.Time  `json:"since"`              // when the first of what waits came
}
