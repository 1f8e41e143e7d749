package fakeorg

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// DuplicateRule stops API clients from saving a row that is like another: all Fields hold the same, whatever its case.
type DuplicateRule struct {
	Object  string   `json:"object"`  // whose rows it guards
	Fields  []string `json:"fields"`  // REST names; a row in which one is empty is like none
	Against []string `json:"against"` // objects whose rows are looked at; none means Object
	Block   bool     `json:"block"`   // refuses for good; otherwise a client may save all the same, by a header that only single rows take
}

// SetDuplicateRules puts the org's duplicate rules in force, in place of those before.
func (o *Org) SetDuplicateRules(rules ...DuplicateRule) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hooks.duplicates = slices.Clone(rules)
}

// checkDuplicates refuses what a duplicate rule stops. A row is looked at when a field of the rule changes.
func (t *Tx) checkDuplicates(o *Object, id string, old, values map[string]any) *Error {
	if t.actor.trusted || t.depth > 0 {
		return nil
	}
	for _, rule := range t.org.hooks.duplicates {
		changed := slices.ContainsFunc(rule.Fields, func(f string) bool { return old[f] != values[f] })
		if !strings.EqualFold(rule.Object, o.Name) || !changed || t.actor.saves && !rule.Block {
			continue
		}
		if found := t.alike(o, &rule, id, values); len(found) > 0 {
			e := refuse("DUPLICATES_DETECTED", "You're creating a duplicate record. We recommend you use an existing record instead.").on()
			e.Matches, e.Blocked = found, rule.Block
			return e
		}
	}
	return nil
}

func (t *Tx) alike(o *Object, rule *DuplicateRule, id string, values map[string]any) (found []string) {
	against := rule.Against
	if len(against) == 0 {
		against = []string{o.Name}
	}
	for _, name := range against {
		other := t.org.object(name)
		if other == nil {
			continue
		}
		rows := t.table(other)
		for _, each := range rows.order {
			if r := rows.rows[each]; each != id && !r.deleted && rule.matches(r.values, values) {
				found = append(found, each)
			}
		}
	}
	return found
}

func (r *DuplicateRule) matches(a, b map[string]any) bool {
	for _, f := range r.Fields {
		if a[f] == nil || b[f] == nil || !strings.EqualFold(textOf(a[f]), textOf(b[f])) {
			return false
		}
	}
	return len(r.Fields) > 0
}

// savesDuplicates reports whether the client asked to save past rules that only warn.
func (c *call) savesDuplicates() bool {
	for part := range strings.SplitSeq(c.r.Header.Get("Sforce-Duplicate-Rule-Header"), ";") {
		name, value, _ := strings.Cut(part, "=")
		if strings.EqualFold(strings.TrimSpace(name), "allowSave") {
			return strings.EqualFold(strings.TrimSpace(value), "true")
		}
	}
	return false
}

// duplicateResult is what a duplicate rule adds to the refusal of a single row.
type duplicateResult struct {
	AllowSave    bool      `json:"allowSave"`
	Rule         string    `json:"duplicateRule"`
	RuleEntity   string    `json:"duplicateRuleEntityType"`
	ErrorMessage string    `json:"errorMessage"`
	MatchResults []members `json:"matchResults"`
}

func (c *call) duplicates(o *Object, e *Error) *duplicateResult {
	out := &duplicateResult{AllowSave: !e.Blocked, Rule: fmt.Sprintf("Standard_%s_Duplicate_Rule", o.Name), RuleEntity: o.Name, ErrorMessage: e.Message}
	for _, object := range c.org.objects() {
		records := []members{}
		for _, id := range e.Matches {
			if strings.HasPrefix(id, object.Prefix) {
				records = append(records, members{
					{"additionalInformation", []any{}}, {"fieldDiffs", []any{}}, {"matchConfidence", json.RawMessage("100.0")},
					{"record", members{{"attributes", attributes(c.version, object, id)}, {"Id", id}}},
				})
			}
		}
		if len(records) > 0 {
			out.MatchResults = append(out.MatchResults, members{
				{"entityType", object.Name}, {"errors", []any{}}, {"matchEngine", "ExactMatchEngine"},
				{"rule", fmt.Sprintf("Standard_%s_Match_Rule_v1_0", object.Name)}, {"size", len(records)}, {"success", true}, {"matchRecords", records},
			})
		}
	}
	return out
}
