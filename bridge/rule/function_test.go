package rule_test

import (
	"strings"
	"testing"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// mapped is what an inbound expression makes of a record in region MY.
func mapped(t *testing.T, expression string, row bridge.Fields) (bridge.Value, error) {
	t.Helper()
	set, err := rule.Compile([]bridge.Project{{ID: "p", Region: "MY", Transfers: []bridge.Transfer{{
		ID: "t", Kind: bridge.ContactTouched, Direction: bridge.Inbound,
		Fields: []bridge.Pair{{Platform: "a", Inbound: expression}},
	}}}})
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	j, err := set.Project("p").Transfer("t").Inbound(row, nil, map[bridge.Field]bool{"X": true})
	if v := j.Attributes["a"]; err != nil || v.Known() {
		return v, err
	}
	return bridge.NullValue(), nil // what was never agreed on is not carried
}

func TestFunctions_AnswerWhatTheirReferenceSays(t *testing.T) {
	for _, f := range rule.Functions() {
		if !strings.HasPrefix(f.Call, f.Name+"(") || !strings.Contains(f.Example, f.Name+"(") || !strings.HasSuffix(f.Says, ".") {
			t.Errorf("%s is told badly: %+v", f.Name, f)
		}
		got, err := mapped(t, f.Example, bridge.Fields{})
		if err != nil || got.String() != f.Answers {
			t.Errorf("%s is %q, %v; the reference says %q", f.Example, got, err, f.Answers)
		}
	}
}

func TestFunctions_AnswerNullForNull(t *testing.T) {
	others := map[string]string{
		`either(null, null)`: "null", `list(null).size()`: "0", `includes(null, "a")`: "false", `yes(null)`: "false", `isPhone(null)`: "false", `isMobile(null)`: "false",
		`join([null, ""], " ")`: "null", `displayName(null, null)`: "null", `displayName(null, "Tan")`: "Tan", `number(null, 7)`: "7",
		`pick(null, {"a": "b"})`: "null", `replace(null, "a", "b")`: "null", `part(null, ",", 1)`: "null", `cut(null, 3)`: "null", `multi([])`: "null", `join([], "")`: "null",
		`readDate(null, "YYYY")`: "null", `showDate(null, "YYYY")`: "null", `addDays(null, 1)`: "null",
	}
	for _, f := range rule.Functions() {
		if strings.Count(f.Call, ",") == 0 && others[f.Name+"(null)"] == "" {
			others[f.Name+"(null)"] = "null"
		}
	}
	for expression, want := range others {
		if expression == "list(null)" || expression == "yes(null)" {
			continue
		}
		if got, err := mapped(t, "text("+expression+")", bridge.Fields{}); err != nil || got.String() != want {
			t.Errorf("%s is %q, %v; want %q", expression, got, err, want)
		}
	}
}

func TestFunctions_EdgeByEdge(t *testing.T) {
	for expression, want := range map[string]string{
		`cut("日本語テキスト", 3)`: "日本語", `cut("ab", 5)`: "ab", `cut("a😀b", 2)`: "a", `cut("a😀b", 3)`: "a😀", `cut("🇲🇾🇹🇼", 6)`: "🇲🇾", `cut("ab", -1)`: "ab", `cut("ab", 0)`: "null", `upper(5)`: "5", `digits("٠١٢ / ９")`: "0129", `digits("none")`: "null",
		`part("a b c", " ", -1)`: "c", `part("a", " ", 2)`: "null", `part("a,,b", ",", 2)`: "null", `email("no mail")`: "null", `email("a@b")`: "null", `email("a@b.co, c@d.co")`: "null",
		`pick("x", {"a": "b"}, "rest")`: "rest", `pick("x", {"a": "b"}, clear)`: "null", `pick(2, {1: "one", 2: "two"})`: "two", `multi(list("b;a"))`: "a;b", `multi("b, a")`: "unreadable",
		`includes("a;b", "c")`: "false", `yes(true)`: "true", `yes(1)`: "true", `yes("no")`: "false", `yes(0)`: "false",
		`phone("0912-345-678", "e164", "TW")`: "+886912345678", `phone("0912-345-678", "digits", "TW")`: "886912345678", `phone("+886 912345678", "national", "TW")`: "0912 345 678",
		`phone("+886 912345678", "national")`: "+886 912 345 678", `phone("03-2345 6789 x12", "national")`: "03-2345 6789 ext. 12", `phone("ask Ann")`: "ask Ann",
		`phone("012-345 6789", "fancy")`: "unreadable", `extension("012-345 6789")`: "null", `isMobile("03-2345 6789")`: "false", `phoneRegion("ask Ann")`: "null",
		`number("abc")`: "unreadable", `number("abc", 0)`: "0", `number("1e5")`: "unreadable", `number("-12.50")`: "-12.5", `number(true)`: "unreadable", `number("Inf")`: "unreadable",
		`round(-2.5)`: "-3", `round("1,234.567", 1)`: "1234.6", `round(1.005, 2)`: "1.01", `round(1, 99)`: "unreadable",
		`date("20261121")`: "2026-11-21", `date("2026/1/2")`: "2026-01-02", `date("2026年1月2日")`: "2026-01-02", `date(1795291200)`: "2026-11-21", `date(1795291200000)`: "2026-11-21",
		`date("1795291200")`: "2026-11-21", `date("soon")`: "unreadable", `date("2026-02-30")`: "unreadable", `date("2026-11-21", "Asia/Taipei")`: "2026-11-21", `date("2026-11-21", "Mars")`: "unreadable",
		`date("2026-11-21T10:00:00.000+0000")`: "2026-11-21", `datetime("2026-11-21T10:00:00.123+08:00")`: "2026-11-21T02:00:00Z", `datetime("2026-11-21")`: "2026-11-21T00:00:00Z",
		`showDate("2026-11-21T20:00:00Z", "DD/MM/YYYY hh:mm", "Asia/Taipei")`: "22/11/2026 04:00", `readDate("31/12/26", "DD/MM/YYYY")`: "unreadable", `addDays("2026-03-01", -1)`: "2026-02-28",
		`sf.X.startsWith("Hel")`: "true", `sf.N.startsWith("a")`: "false", `sf.N.contains("a") || sf.N.endsWith("a")`: "false", `sf.X.size()`: "5", `sf["X"] + "!"`: "Hello!",
		`sf.Account.Name`: "Acme", `sf["Account.Name"]`: "Acme", `sf.N == null ? "none" : sf.X`: "none", `sf.Score + 1.0`: "3.5", `sf.Score > 2`: "true", `sf.N > 2`: "unreadable",
		`either(sf.N, sf.X)`: "Hello", `["b", "a"]`: "a;b", `list(sf.M).exists(v, v == "Red")`: "true", `{"a": 1}`: "unreadable", `1.0 / 0.0`: "unreadable", `timestamp("2026-11-21T10:00:00Z")`: "2026-11-21T10:00:00Z",
	} {
		row := bridge.Fields{
			"X": text("Hello"), "N": bridge.NullValue(), "Account.Name": text("Acme"), "Score": bridge.NumberValue(2.5), "M": bridge.MultiValue([]string{"Red", "Blue"}),
		}
		got, err := mapped(t, expression, row)
		said := got.String()
		if err != nil {
			said = "unreadable"
		}
		if said != want {
			t.Errorf("%s is %q (%v), want %q", expression, said, err, want)
		}
	}
}
