package main

import (
	"testing"
	"time"
)

func TestBridge_FillsOnlyWhatIsEmptyAtEitherEnd(t *testing.T) {
	t.Parallel()
	filling := func(cfg *Config) {
		tr := &cfg.Projects["support"].Transfers[0]
		for i := range tr.Fields {
			if tr.Fields[i].Salesforce == "FirstName" {
				tr.Fields[i].IfEmpty = true
			}
		}
	}
	undergo(t, simOptions{seed: 41}, filling, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		x.edit(record, map[string]any{"FirstName": "May"})
		x.write(contact, map[string]string{"firstName": "Lena"})
		x.edit(record, map[string]any{"LastName": "Lim"})
		x.until("what goes always has gone", time.Minute, func() bool { return x.attribute(contact, "lastName") == "Lim" })
		time.Sleep(time.Minute)
		if sf, pf := x.text(record, "FirstName"), x.attribute(contact, "firstName"); sf != "May" || pf != "Lena" {
			t.Errorf("a name that was there is written over: %s in Salesforce, %s on the platform", sf, pf)
		}
		x.edit(record, map[string]any{"FirstName": nil})
		time.Sleep(time.Second)
		x.write(contact, map[string]string{"firstName": "Lena Maria"})
		x.until("an empty name is filled", time.Minute, func() bool { return x.text(record, "FirstName") == "Lena Maria" })
		x.buried("after fills", 0)
	})
}
