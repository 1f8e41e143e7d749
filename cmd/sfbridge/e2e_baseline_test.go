package main

import (
	"fmt"
	"testing"
	"time"

	"sfbridge/bridge/platform/respondio/respondiotest"
)

// One field is edited in Salesforce and another on the platform while it does not answer. What the platform still says of the first is old: it is known
// by the baseline alone, since Salesforce says otherwise by then.
func TestBridge_WritesNothingBackThatOnlySalesforceChanged(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 47}, nil, func(t *testing.T, x *ordeal) {
		records, contacts := make([]string, 8), make([]uint64, 8)
		for i := range records {
			records[i], contacts[i] = x.person("Mei", "Tan", fmt.Sprintf("mei%d@example.com", i))
		}
		x.sim.crm.SetFaults(respondiotest.Faults{Down: true})
		for i := range records {
			x.edit(records[i], map[string]any{"LastName": "Ng"})
			x.write(contacts[i], map[string]string{"firstName": "May"})
		}
		time.Sleep(time.Minute)
		x.heal()
		x.agrees("after an outage")
		for i, r := range records {
			if first, last := x.text(r, "FirstName"), x.text(r, "LastName"); first != "May" || last != "Ng" {
				t.Errorf("record %d is %s %s, edited to May Ng", i, first, last)
			}
		}
	})
}
