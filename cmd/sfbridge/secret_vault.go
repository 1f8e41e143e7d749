package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
)

const (
	// rereadEvery is how often files and credentials are looked at; a hangup has them looked at at once.
	rereadEvery = 15 * time.Second
	// keyGrace is how long a signing key that was replaced is still good: webhooks on their way were signed with it.
	keyGrace = 24 * time.Hour
)

// vault holds the secrets in force and reads those of files and credentials anew, so that one can be replaced without a restart. What cannot be read, or
// is empty, leaves the one before in force. The nil vault keeps secrets as they were read first.
type vault struct {
	where  surroundings
	inline bool
	now    bridge.Now
	log    *slog.Logger
	hides  *blotter
	look   <-chan os.Signal // asks for a look now; nil never does

	mu   sync.Mutex
	kept []*keptSecret
}

// keptSecret is one secret.
type keptSecret struct {
	place  string // in the configuration
	least  int    // characters that it must have
	now    Secret
	before Secret    // the one that now took the place of
	since  time.Time // when it did
	failed string    // why it could not be read last, "" where it could
}

func newVault(c *console, inline bool, log *slog.Logger) *vault {
	return &vault{where: c.where, inline: inline, now: time.Now, log: log, hides: c.hides}
}

// live answers the value in force of a secret; one that is shorter than least is never taken.
func (v *vault) live(place string, s Secret, least int) func() string {
	if v == nil {
		return s.Reveal
	}
	k := v.keep(place, s, least)
	return func() string {
		v.mu.Lock()
		defer v.mu.Unlock()
		return k.now.Reveal()
	}
}

// liveAll answers the values in force of keys that verify, and those that were replaced a short while ago.
func (v *vault) liveAll(place string, all []Secret) func() []string {
	if v == nil {
		values := make([]string, len(all))
		for i := range all {
			values[i] = all[i].Reveal()
		}
		return func() []string { return values }
	}
	kept := make([]*keptSecret, len(all))
	for i, s := range all {
		kept[i] = v.keep(fmt.Sprintf("%s[%d]", place, i), s, platform.MinSecret)
	}
	return func() []string {
		v.mu.Lock()
		defer v.mu.Unlock()
		var values []string
		for _, k := range kept {
			values = append(values, k.now.Reveal())
			if k.before.IsSet() && v.now().Sub(k.since) < keyGrace {
				values = append(values, k.before.Reveal())
			}
		}
		return values
	}
}

func (v *vault) keep(place string, s Secret, least int) *keptSecret {
	k := &keptSecret{place: place, now: s, least: least}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.kept = append(v.kept, k)
	return k
}

// Run looks at the files of secrets until ctx ends.
func (v *vault) Run(ctx context.Context) error {
	t := time.NewTicker(rereadEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-v.look:
		case <-ctx.Done():
			return nil
		}
		v.reread()
	}
}

// reread reads every secret that may have changed. No lock is held meanwhile.
func (v *vault) reread() {
	v.mu.Lock()
	kept := v.kept[:len(v.kept):len(v.kept)]
	v.mu.Unlock()
	for _, k := range kept {
		if k.now.file() {
			fresh := Secret{ref: k.now.ref}
			err := fresh.resolve(v.where, v.inline)
			if err == nil && len(fresh.Reveal()) < k.least {
				err = fmt.Errorf("it has %d characters and must have %d", len(fresh.Reveal()), k.least)
			}
			v.replace(k, fresh, err)
		}
	}
}

// replace puts what was read in force. It hides it first: whoever uses it may write it.
func (v *vault) replace(k *keptSecret, fresh Secret, err error) {
	v.hides.add(fresh)
	v.mu.Lock()
	said, changed := k.failed, err == nil && fresh.Reveal() != k.now.Reveal()
	k.failed = ""
	if err != nil {
		k.failed = err.Error()
	}
	if changed {
		k.now, k.before, k.since = fresh, k.now, v.now()
	}
	failed := k.failed
	v.mu.Unlock()
	switch {
	case failed != "" && failed != said:
		v.log.Warn("secret not read anew; the one before stays in force", "setting", k.place, "error", failed)
	case changed:
		v.log.Info("secret replaced", "setting", k.place)
	}
}

// file reports whether the reference leads to something that can change while the process lives.
func (s Secret) file() bool {
	return strings.HasPrefix(s.ref, "file:") || strings.HasPrefix(s.ref, "cred:")
}
