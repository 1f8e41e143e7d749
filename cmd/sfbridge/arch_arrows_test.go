package main_test

import (
	"fmt"
	"path"
	"strings"
)

// arrow is one row of the plan of rooms: which packages of ours a package may import.
// A row whose room ends in "/*" stands for every folder right under it that has no row of its own,
// one that ends in "/**" for all that lies deeper.
type arrow struct {
	room string
	may  []string
}

// arrows is the plan of rooms. Package bridge imports nothing of ours, what stands on it never imports one another, cmd sees all.
func arrows() []arrow {
	return []arrow{
		{"bridge", nil},
		{"bridge/rule", []string{"bridge"}},
		{"bridge/courier", []string{"bridge", "bridge/rule"}},
		{"bridge/refill", []string{"bridge", "bridge/rule"}},
		{"bridge/reread", []string{"bridge", "bridge/rule"}},
		{"bridge/rest", []string{"bridge"}},
		{"bridge/jsonwalk", nil},
		{"bridge/platform", []string{"bridge", "bridge/jsonwalk"}},
		{"bridge/platform/platformtest", []string{"bridge", "bridge/platform"}},
		{"bridge/platform/*", []string{"bridge", "bridge/platform", "bridge/rest"}},
		{"bridge/platform/**", []string{"bridge", "bridge/platform", "bridge/rest"}},
		{"bridge/status", []string{"bridge"}},
		{"pubsub", []string{"bridge", "pubsub/cdc", "pubsub/pubsubpb"}},
		{"pubsub/cdc", []string{"bridge"}},
		{"pubsub/pubsubpb", nil},
		{"pubsub/fakeorg", []string{"pubsub/pubsubpb"}},
		{"pubsub/fakeorg/**", []string{"pubsub/fakeorg", "pubsub/pubsubpb"}},
		{"outbound", []string{"bridge", "bridge/jsonwalk"}},
		{"outbound/salesforce", []string{"bridge", "bridge/rest"}},
		{"store", []string{"bridge"}},
		// An engine tells operators what to do in bridge's hints, and the suite speaks to the store in bridge's nouns.
		{"store/bolt", []string{"bridge", "store"}},
		{"store/jetstream", []string{"bridge", "store"}},
		{"store/storetest", []string{"bridge", "store"}},
		{"cmd/sfbridge", []string{"**"}},
		{"cmd/fakeorg", []string{"pubsub/fakeorg"}},
	}
}

// languages says in which rooms a protocol or file format is spoken: law 2, one language per folder.
func languages() map[string][]string {
	return map[string][]string{
		"google.golang.org/grpc":       {"pubsub", "cmd"},
		"google.golang.org/protobuf":   {"pubsub", "cmd"},
		"github.com/linkedin/goavro":   {"pubsub"},
		"go.etcd.io/bbolt":             {"store/bolt"},
		"github.com/nats-io":           {"store/jetstream"},
		"github.com/labstack/echo":     {"outbound", "cmd"},
		"golang.org/x/oauth2":          {"outbound/salesforce", "bridge/platform"},
		"cel.dev/cel-go":               {"bridge/rule"},
		"github.com/alecthomas/kong":   {"cmd"},
		"github.com/pelletier/go-toml": {"cmd"},
		"github.com/k-capehart":        {},
	}
}

// rowFor finds the row that holds for a room: its own, else the pattern that fits best.
func rowFor(roomPath string) (arrow, bool) {
	for _, a := range arrows() {
		if a.room == roomPath {
			return a, true
		}
	}
	for _, a := range arrows() {
		if base, ok := strings.CutSuffix(a.room, "/*"); ok && path.Dir(roomPath) == base {
			return a, true
		}
	}
	for _, a := range arrows() {
		if base, ok := strings.CutSuffix(a.room, "/**"); ok && strings.HasPrefix(roomPath, base+"/") {
			return a, true
		}
	}
	return arrow{}, false
}

// checkArrows names each import that the plan of rooms forbids.
func checkArrows(r *room) (bad []offence) {
	row, ok := rowFor(r.path)
	if !ok {
		return []offence{{r.path, "no room of this name in the plan", "move the code into the room it belongs to (arrows in cmd/sfbridge/arch_arrows_test.go)"}}
	}
	for _, i := range r.imports {
		if to, ours := strings.CutPrefix(i, module+"/"); ours && !allows(row, to) {
			bad = append(bad, offence{r.path, "imports " + to,
				fmt.Sprintf("%s may import %s: let it declare a seam that %s satisfies, and wire the two in cmd", r.path, list(row.may), to)})
		}
		bad = append(bad, checkLanguage(r.path, i)...)
	}
	for _, i := range r.testImports {
		if to, ours := strings.CutPrefix(i, module+"/"); ours && to != r.path && !allows(row, to) && !forTests(to) {
			bad = append(bad, offence{r.path, "its tests import " + to,
				fmt.Sprintf("tests of %s may import %s, strict fakes and suites: test the two together in cmd/sfbridge", r.path, list(row.may))})
		}
	}
	return bad
}

func checkLanguage(roomPath, imported string) []offence {
	for prefix, rooms := range languages() {
		if imported != prefix && !strings.HasPrefix(imported, prefix+"/") {
			continue
		}
		for _, r := range rooms {
			if roomPath == r || strings.HasPrefix(roomPath, r+"/") {
				return nil
			}
		}
		return []offence{{roomPath, "imports " + imported, fmt.Sprintf("that language is spoken in %s alone: hand over nouns of package bridge", list(rooms))}}
	}
	return nil
}

func allows(row arrow, to string) bool {
	for _, m := range row.may {
		if m == "**" || m == to {
			return true
		}
	}
	return false
}

// forTests reports whether a package is a strict fake or a suite, which any test may use.
func forTests(p string) bool {
	return strings.HasSuffix(p, "test") || p == "pubsub/fakeorg" || p == "pubsub/pubsubpb"
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing of ours"
	}
	return strings.Join(names, ", ")
}
