package respondiotest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// held is the longest time by which a reordered webhook is late.
const held = 3 * time.Second

// delivery is one webhook that waits.
type delivery struct {
	body []byte
	due  time.Time // later than now for one that others overtake
}

// tellLocked makes an event and queues its webhook.
func (f *Fake) tellLocked(kind string, c *contact, more map[string]any) {
	if f.o.Send == nil || f.o.Events != nil && !slices.Contains(f.o.Events, kind) {
		return
	}
	f.event++
	full := kind == "contact.created" || kind == "contact.updated"
	o := map[string]any{"event_type": kind, "event_id": f.eventID(), "contact": f.json(c, !full)}
	for name, v := range more {
		o[name] = v
	}
	body, err := json.Marshal(o)
	if err != nil {
		panic("impossible: an event of texts and numbers has no JSON")
	}
	if f.queued >= f.o.Queue {
		f.dropped++
		return
	}
	at := int(c.ID % uint64(f.o.Senders))
	copies := 1
	if f.chanceLocked(f.faults.Duplicate) {
		copies = 2
	}
	for range copies {
		d := delivery{body: body, due: time.Now()}
		if f.chanceLocked(f.faults.Reorder) {
			d.due = d.due.Add(time.Duration(f.random.Int64N(int64(held))))
		}
		f.queues[at] = append(f.queues[at], d)
		f.queued++
	}
	select {
	case f.wake[at] <- struct{}{}:
	default:
	}
}

// eventID is a UUID that never repeats.
func (f *Fake) eventID() string {
	return fmt.Sprintf("%08x-1111-4111-8111-%012x", uint32(f.o.Seed), f.event)
}

// Sign is the signature of a body, as the header X-Webhook-Signature holds it.
func (f *Fake) Sign(body []byte) string { return Sign(f.o.SigningKey, body) }

// Sign is the signature of a body under a key.
func Sign(key string, body []byte) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write(body)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// Run sends webhooks until the context ends.
func (f *Fake) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for i := range f.queues {
		wg.Go(func() { f.send(ctx, i) })
	}
	wg.Wait()
	return nil
}

// send empties one queue, one webhook after the other.
func (f *Fake) send(ctx context.Context, at int) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		d, wait, ok := f.take(at)
		if ok {
			f.settle(ctx, f.attempt(ctx, d), at, d)
			continue
		}
		timer.Reset(wait)
		select {
		case <-f.wake[at]:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// take answers the first webhook that is due, or how long to wait for one.
func (f *Fake) take(at int) (d delivery, wait time.Duration, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	wait = time.Hour
	for i, d := range f.queues[at] {
		late := time.Until(d.due)
		if late <= 0 {
			f.queues[at] = slices.Delete(f.queues[at], i, i+1)
			f.queued--
			f.inFlight++
			return d, 0, true
		}
		wait = min(wait, late)
	}
	return delivery{}, wait, false
}

// settle counts a webhook that is over; one that the end of Run interrupted goes back.
func (f *Fake) settle(ctx context.Context, sent bool, at int, d delivery) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight--
	switch {
	case sent:
		f.sent++
	case ctx.Err() != nil:
		f.queues[at] = append([]delivery{d}, f.queues[at]...)
		f.queued++
	default:
		f.dropped++
	}
}

// attempt sends a webhook until it is taken or given up.
func (f *Fake) attempt(ctx context.Context, d delivery) bool {
	pause := 500 * time.Millisecond
	for try := 0; ; try++ {
		if f.post(ctx, d.body) {
			return true
		}
		if try >= f.o.Retries {
			return false
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
		pause = min(2*pause, time.Minute)
	}
}

// post is one attempt; the real one waits no longer than some five seconds.
func (f *Fake) post(ctx context.Context, body []byte) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.o.Target, bytes.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Webhook-Signature", f.Sign(body))
	r.Header.Set("User-Agent", "respond.io fake")
	res, err := f.o.Send(ctx, r)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16))
	_ = res.Body.Close()
	return res.StatusCode >= 200 && res.StatusCode < 300
}
