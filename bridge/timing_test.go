package bridge

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestTiming_TicksOnceADayWhateverTheClocksDo(t *testing.T) {
	for name, c := range map[string]struct {
		timing, after string
		want          []string
	}{
		"a day":                     {"daily 22:00 Asia/Tokyo", "2026-11-22T12:59:59Z", []string{"2026-11-22T13:00:00Z", "2026-11-23T13:00:00Z"}},
		"at the tick itself":        {"daily 22:00 Asia/Tokyo", "2026-11-22T13:00:00Z", []string{"2026-11-23T13:00:00Z"}},
		"an hour that is skipped":   {"daily 02:30 Europe/Berlin", "2026-03-28T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		"an hour that comes twice":  {"daily 02:30 Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		"an hour that is put back":  {"daily 03:00 Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"}},
		"between the two":           {"daily 02:30 Europe/Berlin", "2026-10-25T01:00:00Z", []string{"2026-10-26T01:30:00Z"}},
		"a midnight that is missed": {"daily 00:00 Asia/Beirut", "2026-03-28T12:00:00Z", []string{"2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"}},
		"far ahead of the sun":      {"daily 00:15 Pacific/Kiritimati", "2026-01-01T10:00:00Z", []string{"2026-01-01T10:15:00Z"}},
		"far behind it":             {"daily 23:45 Pacific/Pago_Pago", "2026-01-01T10:00:00Z", []string{"2026-01-01T10:45:00Z"}},
		"every quarter":             {"every 15m", "2026-01-01T10:07:12Z", []string{"2026-01-01T10:15:00Z", "2026-01-01T10:30:00Z"}},
		"every seven minutes":       {"every 7m", "2026-01-01T23:54:59Z", []string{"2026-01-01T23:55:00Z", "2026-01-02T00:00:00Z", "2026-01-02T00:07:00Z"}},
		"every eleven hours":        {"every 11h", "2026-01-01T00:00:00Z", []string{"2026-01-01T11:00:00Z", "2026-01-01T22:00:00Z", "2026-01-02T00:00:00Z"}},
		"every day":                 {"every 24h", "2026-01-01T00:00:00.5Z", []string{"2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"}},
		"a day that is missed":      {"daily 22:00 Pacific/Apia", "2011-12-30T08:00:00Z", []string{"2011-12-30T10:00:00Z", "2011-12-31T08:00:00Z"}},
		"clocks by half an hour":    {"daily 02:15 Australia/Lord_Howe", "2026-10-03T12:00:00Z", []string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
		"at a quarter":              {"every 15m", "2026-01-01T10:15:00Z", []string{"2026-01-01T10:30:00Z"}},
	} {
		timing, err := ParseTiming(c.timing)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		at, _ := time.Parse(time.RFC3339, c.after)
		for _, want := range c.want {
			if at = timing.Next(at); at.UTC().Format(time.RFC3339) != want {
				t.Errorf("%s: %s, want %s", name, at.UTC().Format(time.RFC3339), want)
			}
		}
	}
}

func TestTiming_ReadsWhatItWrites(t *testing.T) {
	for text, want := range map[string]string{
		"": "real-time", "real-time": "real-time", "never": "never", "every 15m": "every 15m", "every 90m": "every 1h30m", "every 24h": "every 24h",
		" daily  22:00 Asia/Tokyo ": "daily 22:00 Asia/Tokyo", "daily 06:05 UTC": "daily 06:05 UTC",
	} {
		got, err := ParseTiming(text)
		if err != nil || got.String() != want {
			t.Errorf("%q is read as %q, %v", text, got, err)
		}
		if again, err := ParseTiming(got.String()); err != nil || again.String() != want {
			t.Errorf("%q is read again as %q, %v", got, again, err)
		}
	}
	for _, text := range []string{"hourly", "every", "every 30s", "every 25h", "every 90s", "every x", "daily", "daily 22:00", "daily 24:00 UTC", "daily 10:00 Local", "daily 10:00 Moon/Base", "never again"} {
		if got, err := ParseTiming(text); err == nil {
			t.Errorf("%q is read as %q", text, got)
		}
	}
}

func FuzzTiming_TicksAlwaysLieAhead(f *testing.F) {
	f.Add("daily 02:30 Europe/Berlin", int64(1_774_700_000))
	f.Add("every 15m", int64(0))
	f.Fuzz(func(t *testing.T, text string, at int64) {
		timing, err := ParseTiming(text)
		if err != nil || timing.Never || timing.RealTime() || at < 0 || at > 1<<35 {
			return
		}
		after := time.Unix(at, 0)
		if d := timing.Next(after).Sub(after); d <= 0 || d > 49*time.Hour {
			t.Errorf("%q after %v comes in %v", text, after, d)
		}
	})
}

// TestTiming_TicksOnEveryDayOnce holds the next tick to a look at each quarter of an hour of years in which clocks were changed.
func TestTiming_TicksOnEveryDayOnce(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe", "America/Santiago", "Asia/Tehran", "Africa/Casablanca", "Pacific/Apia"} {
		for _, hour := range []string{"00:00", "00:30", "01:59", "02:00", "02:30", "03:00", "23:30"} {
			timing, err := ParseTiming("daily " + hour + " " + zone)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Date(2011, 1, 1, 12, 0, 0, 0, time.UTC)
			ticks, last := 0, began
			for at := began; at.Before(began.AddDate(1, 0, 0)); at = at.Add(15 * time.Minute) {
				if next := timing.Next(at); next.Equal(last) {
					continue
				} else if d := next.Sub(last); !next.After(at) || ticks > 0 && (d < 22*time.Hour || d > 26*time.Hour) && zone != "Pacific/Apia" {
					t.Fatalf("%s %s: %v after %v comes %v", zone, hour, last, at, next)
				} else {
					ticks, last = ticks+1, next
				}
			}
			if ticks < 365 || ticks > 367 {
				t.Errorf("%s %s: %d ticks in a year", zone, hour, ticks)
			}
		}
	}
}
