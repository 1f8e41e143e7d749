// Command beside prints the table of .ci/bench from what the benches of a few rounds printed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// figures are the values of every round, by what was measured and in which unit.
type figures map[string][]float64

func main() {
	f := figures{}
	if err := f.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	f.decoders(os.Stdout)
	f.rows(os.Stdout)
}

var (
	waiting   = regexp.MustCompile(`waiting: (\d+) wait; anonymous (\d+) MiB`)
	processes = regexp.MustCompile(`-\d+$`)
)

// read takes lines as `go test -bench` prints them, the demo's line of JSON, and what the waiting test says of memory.
func (f figures) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "Benchmark"):
			f.bench(strings.Fields(line))
		case strings.HasPrefix(line, "{"):
			if err := f.demo(line); err != nil {
				return err
			}
		}
		if m := waiting.FindStringSubmatch(line); m != nil {
			f.add("waiting/"+m[1], "MiB", m[2])
		}
	}
	return lines.Err()
}

func (f figures) add(name, unit, value string) {
	if v, err := strconv.ParseFloat(value, 64); err == nil {
		f[name+" "+unit] = append(f[name+" "+unit], v)
	}
}

func (f figures) bench(fields []string) {
	name := processes.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), "")
	for i := 2; i+1 < len(fields); i += 2 {
		if unit := fields[i+1]; unit == "ready-made/s" { // measured by turns with ours, in one bench
			f.add(name+"/ready-made", "writes/s", fields[i])
		} else {
			f.add(name, unit, fields[i])
		}
	}
}

func (f figures) demo(line string) error {
	var d map[string]json.RawMessage
	if err := json.Unmarshal([]byte(line), &d); err != nil {
		return fmt.Errorf("read the demo's figures: %w", err)
	}
	for _, way := range []string{"inbound", "outbound"} {
		var p struct{ P50, P99 json.Number }
		text := strings.NewReplacer("p50_ms", "P50", "p99_ms", "P99").Replace(string(d[way]))
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return fmt.Errorf("read the demo's figures: %w", err)
		}
		f.add("demo/"+way, "p50", p.P50.String())
		f.add("demo/"+way, "p99", p.P99.String())
	}
	return nil
}

// median is the middle of all rounds; it reports whether there was one.
func (f figures) median(name string) (float64, bool) {
	vs := slices.Sorted(slices.Values(f[name]))
	if len(vs) == 0 {
		return 0, false
	}
	return vs[len(vs)/2], true
}

// decoders prints the table of decoders.
func (f figures) decoders(w io.Writer) {
	events := []string{"contact-70-update", "account-250-update", "account-250-create"}
	var rounds int
	for _, e := range events {
		rounds = max(rounds, len(f["Decode/"+e+"/goavro cpu-ns/op"]))
	}
	if rounds == 0 {
		return
	}
	fmt.Fprintf(w, "Processor time to decode one event, and how many times goavro's that is faster (medians of %d rounds):\n\n", rounds)
	fmt.Fprintln(w, "| decoder | Contact, 70 fields, update | Account, 250 fields, update | Account, 250 fields, create |")
	fmt.Fprintln(w, "|---|--:|--:|--:|")
	for _, d := range []struct{ name, is string }{
		{"pass", "**sfbridge**, every value found and held to the schema"},
		{"unasked", "**sfbridge**, a change of which nobody reads a field"},
		{"asked", "**sfbridge**, a change of the ten fields that are read"},
		{"all", "**sfbridge**, a change of all fields"},
		{"hamba-struct", "hamba/avro, a struct of header and ten fields"},
		{"hamba-map", "hamba/avro, a map"},
		{"goavro", "goavro, native form"},
		{"avro-js", "avro-js in Node"},
		{"npm-client", "salesforce-pubsub-api-client in Node (parseEvent)"},
	} {
		fmt.Fprintf(w, "| %s |", d.is)
		for _, e := range events {
			ours, ok := f.median("Decode/" + e + "/" + d.name + " cpu-ns/op")
			goavro, _ := f.median("Decode/" + e + "/goavro cpu-ns/op")
			if !ok {
				fmt.Fprint(w, " – |")
				continue
			}
			fmt.Fprintf(w, " %s (%s ×) |", nanos(ours), short(goavro/ours))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}

func nanos(ns float64) string {
	if ns < 1000 {
		return fmt.Sprintf("%.0f ns", ns)
	}
	return short(ns/1000) + " µs"
}

// short is v with two or three digits.
func short(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// row is one line of the second table: ours beside another, or ours alone.
type row struct{ what, ours, unit, beside, other, target string }

// rows prints what else was measured.
func (f figures) rows(w io.Writer) {
	var lines []string
	for _, r := range []row{
		{"journal: append and settle, 64 producers", "Journal/walk-64", "entries/s", "append + fdatasync", "Journal/floor-64", "≥ 45 %"},
		{"journal: append and settle, 256 producers", "Journal/walk-256", "entries/s", "append + fdatasync", "Journal/floor-256", "≥ 30 %"},
		{"webhook verified and durable, 64 connections", "Webhook/durable-64", "ops/s", "bare Echo hello", "Webhook/hello-64", "≥ 35 %"},
		{"webhook verified and durable, 256 connections", "Webhook/durable-256", "ops/s", "bare Echo hello", "Webhook/hello-256", "≥ 45 %"},
		{"share of the credit ceiling at 10 ms", "Ceiling/journal-10ms", "ops/s", "receiving alone", "Ceiling/receive-10ms", "≥ 97 %"},
		{"share of the credit ceiling at 40 ms", "Ceiling/journal-40ms", "ops/s", "receiving alone", "Ceiling/receive-40ms", "≥ 97 %"},
		{"share of the credit ceiling at 100 ms", "Ceiling/journal-100ms", "ops/s", "receiving alone", "Ceiling/receive-100ms", "≥ 97 %"},
		{"stream: subscribe, decode, durable with its position", "Stream/journal", "ops/s", "receiving alone", "Stream/receive", "≥ 60,000/s"},
		{"the same, processor time an event (µs)", "Stream/journal", "cpu-ns/op", "receiving alone", "Stream/receive", "≤ 15 µs"},
		{"stream, beside the npm client just receiving", "Stream/journal", "ops/s", "salesforce-pubsub-api-client", "Stream/npm-client", "≥ 5 ×"},
		{"the same, processor time an event (µs)", "Stream/journal", "cpu-ns/op", "salesforce-pubsub-api-client", "Stream/npm-client", ""},
		{"rows written, 200 a call, five calls at a time, 0 ms away", "Write/latency=0s", "writes/s", "the same bodies ready-made", "Write/latency=0s/ready-made", ""},
		{"rows written, 200 a call, five calls at a time, 40 ms away", "Write/latency=40ms", "writes/s", "the same bodies ready-made", "Write/latency=40ms/ready-made", ""},
		{"mapping and comparing a field as it is", "Pair/plain", "ns/op", "", "", ""},
		{"the same by an expression", "Pair/expression", "ns/op", "", "", ""},
		{"the same of a phone that was read lately", "Pair/phone", "ns/op", "", "", ""},
		{"the same of one that was not", "Phone/national", "ns/op", "", "", ""},
		{"mapping a new record of 16 fields", "Record/new", "ns/op", "", "", ""},
		{"the same, found unchanged", "Record/unchanged", "ns/op", "", "", ""},
		{"the same, from the platform", "Record/back", "ns/op", "", "", ""},
		{"Salesforce to platform, median (ms)", "demo/inbound", "p50", "", "", "≤ 3 ms"},
		{"Salesforce to platform, slowest 1 % (ms)", "demo/inbound", "p99", "", "", "≤ 20 ms"},
		{"platform to Salesforce, median (ms)", "demo/outbound", "p50", "", "", "≤ 3 ms"},
		{"platform to Salesforce, slowest 1 % (ms)", "demo/outbound", "p99", "", "", "≤ 20 ms"},
		{"anonymous memory, one delivery waits (MiB)", "waiting/1", "MiB", "", "", "≤ 16 MiB"},
		{"anonymous memory, 100,000 wait (MiB)", "waiting/100000", "MiB", "", "", "≤ 64 MiB"},
	} {
		if line := f.line(r); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 {
		fmt.Fprintln(w, "| what | sfbridge | beside it | ratio | target |")
		fmt.Fprintln(w, "|---|--:|--:|--:|--:|")
		fmt.Fprintln(w, strings.Join(lines, "\n"))
	}
}

func (f figures) line(r row) string {
	ours, ok := f.median(r.ours + " " + r.unit)
	if !ok {
		return ""
	}
	other, beside := f.median(r.other + " " + r.unit)
	if !beside {
		return fmt.Sprintf("| %s | %s | | | %s |", r.what, amount(ours, r.unit), r.target)
	}
	ratio := fmt.Sprintf("%.0f %%", 100*ours/other)
	if ours > 2*other {
		ratio = short(ours/other) + " ×"
	}
	return fmt.Sprintf("| %s | %s | %s: %s | %s | %s |", r.what, amount(ours, r.unit), r.beside, amount(other, r.unit), ratio, r.target)
}

func amount(v float64, unit string) string {
	switch {
	case unit == "ns/op":
		return nanos(v)
	case unit == "cpu-ns/op":
		return short(v / 1000)
	case strings.HasSuffix(unit, "/s"):
		return fmt.Sprintf("%.0f/s", v)
	default:
		return short(v)
	}
}
