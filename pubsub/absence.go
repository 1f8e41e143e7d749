package pubsub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sfbridge/pubsub/cdc"
)

// absence is a schema that could not be had. Patience is spent between refusals of the service; while it cannot be reached, the topic stands still
// as a whole and nothing is known of the schema.
type absence struct {
	spent   time.Duration
	tried   time.Time
	refused bool // at the last try
}

// retryAbsent is how often a schema is asked for once patience has ended.
const retryAbsent = time.Minute

func (a *absence) fail(err error) {
	now := time.Now()
	unreachable := unreachableError{}
	refused := !errors.As(err, &unreachable)
	if refused && a.refused {
		a.spent += now.Sub(a.tried)
	}
	a.refused, a.tried = refused, now
}

// schema answers the schema of an event; it asks for it until patience ends.
func (s *Subscriber) schema(ctx context.Context, name []byte) (*cdc.Schema, error) {
	if last := &s.last; last.schema != nil && string(name) == last.id {
		return last.schema, nil
	}
	id := string(name)
	for n := 0; ; n++ {
		a, absent := s.unread[id]
		given := a.spent >= s.cfg.SchemaPatience
		if given {
			s.board.trouble(id, "") // its events are in quarantine now, which is another trouble
		}
		if given && time.Since(a.tried) < retryAbsent {
			return nil, fmt.Errorf("schema %s was not to be had for %v", id, a.spent.Round(time.Second))
		}
		schema, err := s.deps.Schemas.get(ctx, id)
		if err == nil {
			if absent {
				delete(s.unread, id)
				s.board.trouble(id, "")
			}
			s.last.id, s.last.schema = id, schema
			return schema, nil
		}
		if hopeless := (hopelessError{}); errors.As(err, &hopeless) || ctx.Err() != nil {
			return nil, err
		}
		if !absent {
			s.log.Warn("schema not to be had, trying again", "schema", id, "error", err)
		}
		a.fail(err)
		s.unread[id] = a
		if given && a.refused {
			return nil, err
		}
		s.board.trouble(id, err.Error())
		if !pause(ctx, quick.wait(n)) {
			return nil, ctx.Err()
		}
	}
}
