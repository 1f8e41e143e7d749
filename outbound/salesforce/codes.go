package salesforce

import "strings"

// meaning is what a code says.
type meaning struct {
	class Class
	cause error
	// shared reports that the code is the row's own unless every row of a call has it: then it is a right that lacks.
	shared bool
	// lasting reports that a state which differs from our belief does not come right by waiting.
	lasting bool
	// remedy is what an operator can do about it, or what the bridge does by itself.
	remedy string
}

// codes are those that share a meaning and a remedy, separated by blanks.
type codes struct {
	meaning meaning
	remedy  string
	names   string
}

func codeTable(groups ...codes) map[string]meaning {
	table := map[string]meaning{}
	for _, g := range groups {
		g.meaning.remedy = g.remedy
		for name := range strings.FieldsSeq(g.names) {
			table[name] = g.meaning
		}
	}
	return table
}

// families are the codes of which only the beginning is known.
var families = map[string]meaning{
	"TXN_SECURITY_": {class: Setup, remedy: "a transaction security policy stopped the call: exempt the run-as user in Setup, Transaction Security Policies"},
}

// meaningOf finds a code. A single row's error comes as the error of its call, so each table is asked, that of the case first.
func meaningOf(code string, row bool) (meaning, bool) {
	first, second := requestCodes, rowCodes
	if row {
		first, second = second, first
	}
	if m, ok := first[code]; ok {
		return m, true
	}
	if m, ok := second[code]; ok {
		return m, true
	}
	for start, m := range families {
		if strings.HasPrefix(code, start) {
			return m, true
		}
	}
	return meaning{}, false
}

// classRemedies are for what no table knows.
var classRemedies = map[Class]string{
	Transient:    "Salesforce is in trouble that passes; the bridge tries again",
	Locked:       "another transaction holds the row; the bridge tries again",
	Unauthorised: "the session is renewed by itself; if that does not help, check the run-as user's login hours and addresses",
	Concurrency:  "too many long calls run in the org at a time; the bridge waits and tries again",
	DailyQuota:   "wait for the 24 hours to slide, or buy API calls; one call an hour looks whether it is over",
	Setup:        "an administrator of the org has to look at the message above",
	BadRow:       "mend the record or the mapping by the message above, then redrive",
	Changed:      "the org holds something else than was believed; redrive to look again",
	Restart:      "the bridge begins the query or job anew",
	OurBug:       "this is a fault of sfbridge: report it with the message above",
	RowLimit:     "the org's automation ran out of its limits; the bridge sends fewer rows at a time",
}
