package rule_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge/rule"
)

var update = flag.Bool("update", false, "write the reference of functions into the README")

func TestReference_IsWhatTheREADMESays(t *testing.T) {
	const from, to = "<!-- functions: written by go test ./bridge/rule -run Reference -update -->\n", "<!-- end of functions -->"
	file := filepath.Join("..", "..", "README.md")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(b), from)
	said, after, ok2 := strings.Cut(rest, to)
	if !ok1 || !ok2 {
		t.Fatal("the README has no place for the reference of functions")
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+from+rule.Reference()+to+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(rule.Reference(), said); d != "" {
		t.Errorf("the README departs from the code; write it with -update (-code +README):\n%s", d)
	}
}
