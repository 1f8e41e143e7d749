package status

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// unknown is what people read where nothing is known.
const unknown = "–"

// formats are the functions of the page.
func formats() template.FuncMap {
	return template.FuncMap{
		"stamp":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"stampp": func(t *time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock":  func(t time.Time) string { return t.UTC().Format(time.TimeOnly) },
		"ago":    ago,
		"agop":   func(now time.Time, t *time.Time) string { return ago(now, *t) },
	}
}

func ago(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return span(now.Sub(t).Seconds()) + " ago"
}

// span is a length of time in one or two units.
func span(seconds float64) string {
	switch {
	case math.IsNaN(seconds) || seconds < 0:
		return "0 s"
	case seconds < 0.001:
		return "< 1 ms"
	case seconds < 1:
		return fmt.Sprintf("%.0f ms", seconds*1000)
	case seconds < 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", seconds), ".0") + " s"
	case seconds < 60:
		return fmt.Sprintf("%.0f s", seconds)
	}
	whole := int64(seconds)
	switch {
	case whole < 3600:
		return two(whole/60, "min", whole%60, "s", whole < 600)
	case whole < 86400:
		return two(whole/3600, "h", whole%3600/60, "min", true)
	default:
		return two(whole/86400, "d", whole%86400/3600, "h", true)
	}
}

func two(a int64, unit string, b int64, small string, both bool) string {
	s := fmt.Sprintf("%d %s", a, unit)
	if both && b > 0 {
		s += fmt.Sprintf(" %d %s", b, small)
	}
	return s
}

func spanOf(seconds *float64) string {
	if seconds == nil {
		return unknown
	}
	return span(*seconds)
}

func countOf(n *int64) string {
	if n == nil {
		return unknown
	}
	return count(*n)
}

// count is a number with thin spaces between thousands.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

func bytesOf(n *int64) string {
	if n == nil {
		return unknown
	}
	f, units := float64(*n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for len(units) > 1 && f >= 1024 {
		f, units = f/1024, units[1:]
	}
	if f < 10 && units[0] != "B" {
		return fmt.Sprintf("%.1f %s", f, units[0])
	}
	return fmt.Sprintf("%.0f %s", f, units[0])
}

// rateOf is a rate that reads well at a glance.
func rateOf(r *float64) string {
	switch {
	case r == nil:
		return unknown
	case *r > 0 && *r < 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", *r), ".0")
	default:
		return count(int64(math.Round(*r)))
	}
}
