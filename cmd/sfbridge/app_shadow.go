package main

import (
	"context"
	"fmt"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
	"sfbridge/bridge/status"
	"sfbridge/store"
)

// carries answers the transfers of a project that go one way.
func carries(p *rule.Project, way bridge.Direction) []*rule.Transfer {
	var all []*rule.Transfer
	for _, t := range p.Transfers {
		if t.Direction.Covers(way) {
			all = append(all, t)
		}
	}
	return all
}

// unshadow has carried again what was carried in shadow and is not any more, before anything new comes in.
func (a *app) unshadow(ctx context.Context) error {
	n, err := a.store.Unshadow(ctx, a.inShadow)
	if err != nil {
		return fmt.Errorf("end a shadow: %w", err)
	}
	if n > 0 {
		a.world.log.Info("shadow ended", "deliveries", n)
	}
	return nil
}

// inShadow reports whether nothing of a delivery would be sent by the rules as they are. One that names no transfer is a contact's: whichever transfer
// takes him decides, so it waits only while all that could are in shadow.
func (a *app) inShadow(d *bridge.Delivery) bool {
	p := a.rules.Project(d.Lane.Project)
	if d.Transfer != "" {
		t := p.Transfer(d.Transfer)
		return t == nil || t.Shadow
	}
	if p == nil {
		return true
	}
	for _, t := range p.Contacts(d.Lane.Direction) {
		if !t.Shadow {
			return false
		}
	}
	return true
}

// tellShadow says which transfers of an outlet send nothing, and how much is out of sync by that.
func tellShadow(o *status.Outlet, p *rule.Project, c store.OutletCounts) {
	n := int64(c.Shadowed)
	o.Shadowed = &n
	all := carries(p, o.Direction)
	for _, t := range all {
		if t.Shadow {
			o.Shadow = append(o.Shadow, t.ID)
		}
	}
	o.Silent = len(o.Shadow) > 0 && len(o.Shadow) == len(all)
}
