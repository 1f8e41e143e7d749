package main

import (
	"fmt"
	"time"

	"sfbridge/bridge"
)

// rereadNever is that nothing is read again.
const rereadNever = "never"

// reread is how often what no event tells is read again, 0 for never.
func (t *TransferConfig) reread() (time.Duration, error) {
	if t.Reread == rereadNever {
		return 0, nil
	}
	d, err := time.ParseDuration(t.Reread)
	if err != nil || d < bridge.LeastReread || d > bridge.MostReread {
		return 0, fmt.Errorf("%q is no interval from 5m to 168h", t.Reread)
	}
	return d, nil
}

// rereads sees to it that only a transfer that carries to a platform is asked to read again.
func (c *transferCheck) rereads() {
	path := c.path + ".reread"
	every, err := c.t.reread()
	switch {
	case err != nil:
		c.add(path, `write a duration from 5m to 168h, such as "1h", or "never"`, "%v", err)
	case every == 0:
	case c.t.Type != "":
		c.add(path, "write it on the transfer of contacts", "an activity goes to Salesforce alone, so reread does nothing here")
	case !bridge.Direction(c.t.Direction).Covers(bridge.Inbound):
		c.add(path, "remove it, or change the direction of the transfer", "the transfer is outbound, so nothing that is read again goes anywhere")
	}
}
