package main

import (
	"fmt"
	"maps"
	"slices"

	"sfbridge/bridge"
)

// advice warns of what works, by the file alone, and not as its writer may think.
func advice(cfg *Config, file string) []Finding {
	m := &mappingCheck{file: file, places: placesOf(file)}
	for _, name := range slices.Sorted(maps.Keys(cfg.Projects)) {
		for i := range cfg.Projects[name].Transfers {
			m.private(fmt.Sprintf("%s.transfer[%d]", join("project", name), i), &cfg.Projects[name].Transfers[i])
		}
	}
	return m.all()
}

// private warns of a transfer whose new contacts get no account: whatever the sharing rules say, Salesforce shows such a one to its owner, and to those who
// see everything.
func (m *mappingCheck) private(path string, t *TransferConfig) {
	creates := t.Type == "" && bridge.Direction(t.Direction).Covers(bridge.Outbound) && t.NoMatchOutbound == string(bridge.CreateNew)
	if t.Object != "Contact" || !creates || t.Account != (AccountConfig{}) || t.fills("AccountId") {
		return
	}
	m.add(levelWarning, path+".account",
		`write account = { salesforce = "Name", platform = "custom.company" }, or account = { id = "001..." }; with otherwise = "lead" a lead is made instead, with "private" it stays so`,
		"no rule gives the contacts that are created an account, and Salesforce shows a contact without one to its owner and to administrators alone")
}

// fills reports whether the transfer writes a field of a new record, by a pair or by a constant.
func (t *TransferConfig) fills(field string) bool {
	if _, ok := t.Set[field]; ok {
		return true
	}
	return slices.ContainsFunc(t.Fields, func(p PairConfig) bool {
		way := p.Direction
		if way == "" {
			way = t.Direction
		}
		return p.Salesforce == field && bridge.Direction(way).Covers(bridge.Outbound)
	})
}
