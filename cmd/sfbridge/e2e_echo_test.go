package main

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/pubsub/fakeorg"
)

// TestBridge_CarriesAnEditAsSoonAsOurOwnWriteIsTold has people edit a record while a write of the bridge to it is on its way for 40 ms: what they wrote
// waits for the stream to tell of that write, and no longer.
func TestBridge_CarriesAnEditAsSoonAsOurOwnWriteIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const call, slack = 40 * time.Millisecond, 5 * time.Millisecond
		b := newBench(t, simOptions{}, nil)
		defer b.close()
		b.start()
		b.create(t, "a@example.com")
		b.until("the contact is on the platform", time.Minute, func() bool { return b.byEmail("a@example.com") != nil })
		contact, record := b.byEmail("a@example.com").ID, b.record("a@example.com")["Id"].(string)
		b.sim.org.AddFault(fakeorg.Fault{Path: "/services/data", Delay: fakeorg.Duration(call)})
		for n := range 20 {
			time.Sleep(10 * time.Second)
			name := fmt.Sprint("Name ", n)
			if _, err := b.sim.crm.Edit(contact, map[string]string{"firstName": name}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(call / 4)
			b.edit(record, name)
			for begun := time.Now(); b.byEmail("a@example.com").Get("lastName") != name; time.Sleep(time.Millisecond) {
				if took := time.Since(begun); took > call+slack {
					t.Fatalf("edit %d is not on the platform after %v", n, took)
				}
			}
		}
	})
}
