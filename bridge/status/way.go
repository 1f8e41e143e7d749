package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"sfbridge/bridge"
)

// way is one direction of the whole, summed over its outlets.
type way struct {
	Class, From, To                       string
	Rate, P50, P99, Waiting, Oldest, Hour string
	Late                                  bool
	Bars                                  []bar
	Outlets                               []outletLine
}

// bar is one minute of the hour, in the units of the drawing: 240 wide and 44 high.
type bar struct{ X, Y, H string }

type outletLine struct {
	Outlet
	Class, Waiting, Note string
}

func (v *view) way(d bridge.Direction) way {
	w := way{Class: "in"}
	sum, minutes := Outlet{}, make([]int, meterMinutes)
	var platforms []string
	for i := range v.Outlets {
		o := &v.Outlets[i]
		if o.Direction != d {
			continue
		}
		sum.Waiting, sum.PerMinute = plus(sum.Waiting, o.Waiting), plus(sum.PerMinute, o.PerMinute)
		sum.P50S, sum.P99S, sum.OldestAgeS = most(sum.P50S, o.P50S), most(sum.P99S, o.P99S), most(sum.OldestAgeS, o.OldestAgeS)
		for m := range min(len(o.Minutes), meterMinutes) {
			minutes[m] += o.Minutes[m]
		}
		if !slices.Contains(platforms, o.Platform) {
			platforms = append(platforms, o.Platform)
		}
		w.Outlets = append(w.Outlets, outlet(o, v.At))
	}
	w.From, w.To = "Salesforce", platformName(platforms)
	if d == bridge.Outbound {
		w.Class, w.From, w.To = "out", w.To, w.From
	}
	w.Rate, w.P50, w.P99 = rateOf(sum.PerMinute), spanOf(sum.P50S), spanOf(sum.P99S)
	w.Waiting, w.Oldest = countOf(sum.Waiting), spanOf(sum.OldestAgeS)
	if sum.Waiting != nil && *sum.Waiting == 0 && sum.OldestAgeS == nil {
		w.Oldest = "none"
	}
	w.Late = sum.OldestAgeS != nil && *sum.OldestAgeS > lateAfter
	w.Bars, w.Hour = bars(minutes), count(int64(total(minutes)))
	return w
}

// outlet says how an outlet does; the words of a breaker say the opposite to most people.
func outlet(o *Outlet, now time.Time) outletLine {
	l := outletLine{Outlet: *o, Class: "good"}
	switch {
	case o.Breaker == "open":
		l.Breaker, l.Class = "paused", "bad"
	case o.Breaker == "half-open":
		l.Breaker, l.Class = "probing", "warn"
	case o.OldestAgeS != nil && *o.OldestAgeS > lateAfter:
		l.Breaker, l.Class = "late", "warn"
	default:
		l.Breaker = "flowing"
	}
	if o.Silent && l.Breaker == "flowing" {
		l.Breaker, l.Class = "shadow", "calm"
	}
	if o.Waiting != nil && *o.Waiting > 0 {
		l.Waiting = count(*o.Waiting)
	}
	l.Note = strings.Join(slices.DeleteFunc([]string{timedText(o, now), shadowText(o)}, func(s string) bool { return s == "" }), " · ")
	return l
}

// timedText says what waits for its time and when that is, "" where everything goes at once.
func timedText(o *Outlet, now time.Time) string {
	if o.TimedNext == nil {
		return ""
	}
	text := "nothing for its time"
	if o.Timed == nil || *o.Timed > 0 {
		text = countOf(o.Timed) + " for their time"
	}
	next, form := o.TimedNext.UTC(), "15:04"
	if next.Format(time.DateOnly) != now.UTC().Format(time.DateOnly) {
		form = "2 Jan 15:04"
	}
	return text + ", next at " + next.Format(form) + " UTC"
}

// shadowText says what is shown and not sent, "" where everything is sent.
func shadowText(o *Outlet) string {
	if len(o.Shadow) == 0 {
		return ""
	}
	text := "nothing is sent"
	if !o.Silent {
		names := make([]string, len(o.Shadow))
		for i, t := range o.Shadow {
			names[i] = string(t)
		}
		text = "nothing of " + strings.Join(names, ", ") + " is sent"
	}
	if o.Shadowed != nil && *o.Shadowed > 0 {
		text += "; " + count(*o.Shadowed) + " out of sync by that"
	}
	return text
}

func platformName(all []string) string {
	if len(all) == 1 && all[0] != "" {
		return strings.Replace(all[0], "respondio", "respond.io", 1)
	}
	return "platforms"
}

func plus[N int64 | float64](a, b *N) *N {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	return new(*a + *b)
}

func most(a, b *float64) *float64 {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	return new(max(*a, *b))
}

func total(minutes []int) (n int) {
	for _, m := range minutes {
		n += m
	}
	return n
}

// bars draws the minutes; one that had anything is never invisible.
func bars(minutes []int) []bar {
	top := max(1, slices.Max(minutes))
	all := make([]bar, len(minutes))
	for i, n := range minutes {
		h := 1.0
		if n > 0 {
			h = 3 + 41*float64(n)/float64(top)
		}
		all[i] = bar{fmt.Sprint(i * 4), fmt.Sprintf("%.1f", 44-h), fmt.Sprintf("%.1f", h)}
	}
	return all
}
