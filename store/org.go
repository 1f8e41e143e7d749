package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sfbridge/bridge"
)

// Binding says which org a configured name stands for.
type Binding struct {
	Alias   string       `json:"alias"`
	Org     bridge.OrgID `json:"org"`
	Sandbox bool         `json:"sandbox"`
	At      time.Time    `json:"at"`
}

// ErrOtherOrg is wrapped where a configured name leads to another org than before, as after the refresh of a sandbox.
var ErrOtherOrg = errors.New("another org than before")

// BindOrg binds a configured name to the org that it leads to, once; later calls compare. All that is kept belongs to an org, so a name that changes its
// meaning is an error with a remedy.
func (s *Store) BindOrg(ctx context.Context, alias string, org bridge.OrgID, sandbox bool) error {
	return s.commitNow(ctx, func(p *plan) error {
		var b Binding
		key := prefixOrg + namePart(alias)
		found, err := p.read(key, &b)
		if err != nil {
			return err
		}
		if !found {
			return p.put(key, Binding{alias, org, sandbox, s.o.Now().UTC()}, 0)
		}
		if b.Org == org && b.Sandbox == sandbox {
			return nil
		}
		return bridge.Hint(fmt.Errorf("org %q is %s (%s), the store knows it as %s (%s): %w",
			alias, org, instance(sandbox), b.Org, instance(b.Sandbox), ErrOtherOrg),
			"correct the login of [org.%s]; for a new or refreshed org choose a new name or a new store", alias)
	})
}

func instance(sandbox bool) string {
	if sandbox {
		return "sandbox"
	}
	return "production"
}

// Bindings answers all names that were bound.
func (s *Store) Bindings(ctx context.Context) ([]Binding, error) {
	return all[Binding](ctx, s, prefixOrg)
}
