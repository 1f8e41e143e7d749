package rule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

func timeFunctions() []Function {
	const g = "Dates and times; zones are names such as \"Asia/Taipei\", and UTC where they are left out"
	return []Function{
		{g, "date", "date(value, zone)",
			"The day of a date or a time in a zone, as 2006-01-02. Also read are 2006/1/2, 20060102, 2006年1月2日, and numbers as seconds or milliseconds since 1970.",
			`date("2026-11-21T20:00:00Z", "Asia/Taipei")`, "2026-11-22", 1, 2, false, dateOf},
		{g, "datetime", "datetime(value, zone)", "A moment in UTC. The zone is that of a text that names none.", `datetime("2026-11-22 04:00", "Asia/Taipei")`, "2026-11-21T20:00:00Z", 1, 2, false, datetimeOf},
		{g, "readDate", "readDate(text, layout)", "The day of a text in a layout of YYYY, MM and DD.", `readDate("21.11.2026", "DD.MM.YYYY")`, "2026-11-21", 2, 2, false, readDate},
		{g, "showDate", "showDate(value, layout, zone)", "A date or a time in a layout of YYYY, MM, DD, hh, mm and ss.", `showDate("2026-11-21", "DD/MM/YYYY")`, "21/11/2026", 2, 3, false, showDate},
		{g, "addDays", "addDays(value, days)", "The day so many days later; earlier with a minus sign.", `addDays("2026-12-31", 1)`, "2027-01-01", 2, 2, false, addDays},
		{g, "seconds", "seconds(value)", "A moment as seconds since 1970.", `seconds("2026-11-21T20:00:00Z")`, "1795291200", 1, 1, false, secondsOf},
	}
}

// timeLayouts are the ways to write a moment that are understood; the first ones name their zone.
var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05Z07:00", time.RFC1123Z,
	"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006/1/2 15:04:05", "2006/1/2 15:04",
	time.DateOnly, "2006/1/2", "2006-1-2", "2006.1.2", "20060102", "2006年1月2日",
}

var errNoTime = errors.New("the value is no date or time that is understood; readDate reads others")

// moment reads the first argument in a zone. day reports that it names a day and no time.
func (c call) moment(zone *time.Location) (t time.Time, day bool, err error) {
	switch v := c.args[0].(type) {
	case types.Double:
		return unixTime(float64(v)), false, nil
	case types.Int:
		return unixTime(float64(v)), false, nil
	case types.Timestamp:
		return v.Time, false, nil
	}
	s, err := c.text(0)
	if err != nil {
		return t, false, err
	}
	s = strings.TrimSpace(plainDigits(s))
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil && t.Year() > 0 {
			return t, !strings.Contains(layout, "15"), nil
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) >= 9 {
		return unixTime(float64(n)), false, nil
	}
	return t, false, errNoTime
}

// latest is the end of what is read as seconds since 1970; larger numbers are milliseconds.
const latest = 100_000_000_000

func unixTime(n float64) time.Time {
	if n >= latest || n <= -latest {
		return time.UnixMilli(int64(n)).UTC()
	}
	return time.Unix(int64(n), 0).UTC()
}

// zone is the time zone that an argument names.
func (c call) zone(i int) (*time.Location, error) {
	name, err := c.textOr(i, "UTC")
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" || name == "" {
		return nil, fmt.Errorf("there is no zone %q", name)
	}
	return zone, nil
}

// local is the first argument in the zone that argument i names; a day is that day in every zone.
func (c call) local(i int) (time.Time, error) {
	zone, err := c.zone(i)
	if err != nil {
		return time.Time{}, err
	}
	t, day, err := c.moment(zone)
	if !day {
		t = t.In(zone)
	}
	return t, err
}

func dateOf(c call) (ref.Val, error) {
	if c.null() {
		return types.NullValue, nil
	}
	t, err := c.local(1)
	return types.String(t.Format(time.DateOnly)), err
}

func datetimeOf(c call) (ref.Val, error) {
	if c.null() {
		return types.NullValue, nil
	}
	t, err := c.local(1)
	return types.String(t.UTC().Truncate(time.Second).Format(time.RFC3339)), err
}

var goLayout = strings.NewReplacer("YYYY", "2006", "MM", "01", "DD", "02", "hh", "15", "mm", "04", "ss", "05")

func readDate(c call) (ref.Val, error) {
	if c.null() {
		return types.NullValue, nil
	}
	s, err1 := c.text(0)
	layout, err2 := c.text(1)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	t, err := time.Parse(goLayout.Replace(layout), strings.TrimSpace(plainDigits(s)))
	if err != nil {
		return nil, fmt.Errorf("the text is not written as %s", layout)
	}
	return types.String(t.Format(time.DateOnly)), nil
}

func showDate(c call) (ref.Val, error) {
	if c.null() {
		return types.NullValue, nil
	}
	layout, err1 := c.text(1)
	t, err2 := c.local(2)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return textOrNull(t.Format(goLayout.Replace(layout))), nil
}

func addDays(c call) (ref.Val, error) {
	if c.null() {
		return types.NullValue, nil
	}
	n, err1 := c.whole(1)
	t, _, err2 := c.moment(time.UTC)
	return types.String(t.AddDate(0, 0, n).Format(time.DateOnly)), errors.Join(err1, err2)
}

func secondsOf(c call) (ref.Val, error) {
	if c.null() {
		return types.NullValue, nil
	}
	t, _, err := c.moment(time.UTC)
	return types.Int(t.Unix()), err
}
