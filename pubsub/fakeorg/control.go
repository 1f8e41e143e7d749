package fakeorg

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
)

// control answers /__fake/v1: a test or a person in another process does here what the Go methods do. It wants no token; whoever
// reaches the listener rules the org.
func (o *Org) control(r *http.Request, path []string) reply {
	if len(path) != 1 {
		return controlError(http.StatusNotFound, "no such control")
	}
	switch name := strings.ToLower(path[0]); r.Method {
	case http.MethodGet:
		return o.observe(r, name)
	case http.MethodPost:
		body, refused := readBody(r)
		if refused != nil {
			return controlError(refused.Status, refused.Message)
		}
		return o.steer(name, body)
	}
	return controlError(http.StatusMethodNotAllowed, "GET observes, POST steers")
}

func controlError(status int, text string) reply { return answer(status, members{{"error", text}}) }

// observe answers what the org has seen and holds.
func (o *Org) observe(r *http.Request, name string) reply {
	switch name {
	case "calls":
		return answer(http.StatusOK, members{{"counted", o.APICalls()}, {"calls", o.Calls()}})
	case "rows":
		object := o.object(r.URL.Query().Get("object"))
		if object == nil {
			return controlError(http.StatusBadRequest, "name an object: rows?object=Contact")
		}
		return answer(http.StatusOK, members{{"object", object.Name}, {"rows", o.Rows(object.Name)}})
	case "events":
		return answer(http.StatusOK, members{{"events", o.Events()}})
	case "subscriptions":
		return answer(http.StatusOK, members{{"subscriptions", o.Subscriptions()}})
	}
	return controlError(http.StatusNotFound, "observe calls, rows, events or subscriptions")
}

// order is the body of every steering request; each reads the members it needs.
type order struct {
	Edits    []Change  `json:"edits"`    // event
	User     string    `json:"user"`     // event: "" is the agent
	Origin   *string   `json:"origin"`   // event: nil is the browser
	Inject   *injected `json:"inject"`   // event
	Platform *platform `json:"platform"` // event
	Before   time.Time `json:"before"`   // expire: zero is everything
	On       *bool     `json:"on"`       // stall: nil is true; hide: nil is true
	Code     int       `json:"code"`     // close: gRPC status
	Message  string    `json:"message"`  // close
	Error    string    `json:"error"`    // close, fault: an error code of the Pub/Sub API
	RPC      string    `json:"rpc"`      // fault: the method whose calls end with Error
	Count    int       `json:"count"`    // close, fault: how many; 0 is one
	Clear    bool      `json:"clear"`    // fault: lift all
	Rule     *Fault    `json:"rule"`     // fault
	Token    string    `json:"token"`    // revoke: "" is all
	Delivery *int      `json:"delivery"` // allocation: event deliveries in 24 h
	API      *int      `json:"api"`      // allocation: API calls in 24 h
	Consume  int       `json:"consume"`  // allocation: deliveries to other consumers, at once
	Hourly   *int      `json:"hourly"`   // allocation: deliveries to other consumers, every hour from now on
	Offset   *Duration `json:"offset"`   // clock
	Advance  Duration  `json:"advance"`  // clock
	Object   string    `json:"object"`   // hide
	Field    string    `json:"field"`    // hide
}

// injected is an event from outside; bytes are in base64.
type injected struct {
	Topic    string `json:"topic"`
	SchemaID string `json:"schemaId"`
	Schema   string `json:"schema"` // text to add under SchemaID first
	Payload  []byte `json:"payload"`
	Replay   []byte `json:"replay"`
	ID       string `json:"id"`
}

// steer does what a POST asks for.
func (o *Org) steer(name string, body []byte) reply {
	steers := map[string]func([]byte) (any, error){
		"event": steered(o.steerEvent), "expire": steered(o.steerExpire), "stall": steered(o.steerStall), "close": steered(o.steerClose),
		"fault": steered(o.steerFault), "revoke": steered(o.steerRevoke), "allocation": steered(o.steerAllocation), "clock": steered(o.steerClock),
		"reset": steered(o.steerReset), "hide": steered(o.steerHide), "convert": steered(o.steerConvert), "merge": steered(o.steerMerge),
		"switch": steered(o.steerSwitch), "org": steered(o.steerOrg), "channel": steered(o.steerChannel), "right": steered(o.steerRight),
		"field": steered(o.steerField), "automation": steered(o.steerAutomation), "wire": steered(o.steerWire),
	}
	run := steers[name]
	if run == nil {
		return controlError(http.StatusNotFound, "steer "+strings.Join(slices.Sorted(maps.Keys(steers)), ", "))
	}
	result, err := run(body)
	if err != nil {
		return controlError(http.StatusBadRequest, err.Error())
	}
	return answer(http.StatusOK, result)
}

// steered makes a function over an order of its own one over a body; a member that the order does not know is an error.
func steered[T any](run func(T) (any, error)) func([]byte) (any, error) {
	return func(body []byte) (any, error) {
		var asked T
		if len(bytes.TrimSpace(body)) > 0 {
			decoder := json.NewDecoder(bytes.NewReader(body))
			decoder.DisallowUnknownFields()
			decoder.UseNumber()
			if err := decoder.Decode(&asked); err != nil {
				return nil, err
			}
		}
		return run(asked)
	}
}

// Change is one write of a control transaction.
type Change struct {
	Object string         `json:"object"`
	Verb   string         `json:"verb"` // create, update, delete or undelete
	ID     string         `json:"id"`   // of all but create
	Fields map[string]any `json:"fields"`
}

func (o *Org) steerEvent(asked order) (any, error) {
	if asked.Inject != nil {
		return o.steerInject(*asked.Inject)
	}
	if asked.Platform != nil {
		return o.steerPlatform(*asked.Platform)
	}
	actor := Actor{User: o.people.agent, Origin: lightningOrigin}
	if asked.User != "" {
		actor.User = id18(asked.User)
	}
	if asked.Origin != nil {
		actor.Origin = *asked.Origin
	}
	ids := []string{}
	err := o.DoAs(actor, func(tx *Tx) error {
		for _, c := range asked.Edits {
			id, err := tx.apply(c)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return members{{"ids", ids}}, err
}

func (t *Tx) apply(c Change) (string, error) {
	switch strings.ToLower(c.Verb) {
	case "create":
		return t.Create(c.Object, c.Fields)
	case "update":
		return c.ID, t.Update(c.Object, c.ID, c.Fields)
	case "delete":
		return c.ID, t.Delete(c.Object, c.ID)
	case "undelete":
		return c.ID, t.Undelete(c.Object, c.ID)
	}
	return "", fmt.Errorf("verb %q is none of create, update, delete, undelete", c.Verb)
}

func (o *Org) steerInject(in injected) (any, error) {
	if in.Schema != "" {
		id, err := o.AddSchema(in.SchemaID, in.Schema)
		if err != nil {
			return nil, err
		}
		in.SchemaID = id
	}
	e, err := o.Inject(Event{Topic: in.Topic, SchemaID: in.SchemaID, Payload: in.Payload, Replay: in.Replay, ID: in.ID})
	return members{{"id", e.ID}, {"replay", e.Replay}}, err
}

func (o *Org) steerExpire(asked order) (any, error) {
	if asked.Before.IsZero() {
		o.ExpireAll()
	} else {
		o.Expire(asked.Before)
	}
	return members{}, nil
}

func isOn(on *bool) bool { return on == nil || *on }

func (o *Org) steerStall(asked order) (any, error) {
	if isOn(asked.On) {
		o.Stall()
	} else {
		o.Unstall()
	}
	return members{}, nil
}

func (o *Org) steerClose(asked order) (any, error) {
	if asked.Error != "" {
		if err := knownError(asked.Error); err != nil {
			return nil, err
		}
		o.StreamFault(asked.Error, max(1, asked.Count))
		return members{}, nil
	}
	return members{{"closed", o.CloseStreams(codes.Code(asked.Code), asked.Message)}}, nil
}

// knownError refuses an error code that no document names.
func knownError(code string) error {
	if _, known := rpcErrors[strings.TrimPrefix(code, errorPrefix)]; !known {
		return fmt.Errorf("error code %q is none of the Pub/Sub API", code)
	}
	return nil
}

func knownMethod(name string) error {
	if !slices.Contains(rpcMethods, name) {
		return fmt.Errorf("rpc %q is none of %s", name, strings.Join(rpcMethods, ", "))
	}
	return nil
}

func (o *Org) steerFault(asked order) (any, error) {
	out := members{}
	if asked.Clear {
		o.ClearFaults()
		o.HealStreams()
	}
	if asked.RPC != "" {
		if err := errors.Join(knownError(asked.Error), knownMethod(asked.RPC)); err != nil {
			return nil, err
		}
		o.FailCalls(asked.RPC, asked.Error, max(1, asked.Count))
	}
	if asked.Rule != nil {
		if err := asked.Rule.check(); err != nil {
			return nil, err
		}
		out.add("id", o.AddFault(*asked.Rule))
	}
	return out, nil
}

func (o *Org) steerRevoke(asked order) (any, error) {
	o.Revoke(asked.Token)
	return members{}, nil
}

func (o *Org) steerAllocation(asked order) (any, error) {
	if asked.Delivery != nil {
		o.Allocation(*asked.Delivery)
	}
	if asked.API != nil {
		o.LimitAPI(*asked.API)
	}
	if asked.Consume > 0 {
		o.Consume(asked.Consume)
	}
	if asked.Hourly != nil {
		o.ConsumeHourly(*asked.Hourly)
	}
	limit, used := o.Delivered()
	return members{{"delivery", limit}, {"delivered", used}, {"topics", o.DeliveredOn()}, {"api", o.usageMax.Load()}, {"apiUsed", o.calls.used(o.now())}}, nil
}

func (o *Org) steerClock(asked order) (any, error) {
	if asked.Offset != nil {
		o.SetClock(time.Duration(*asked.Offset))
	}
	if asked.Advance != 0 {
		o.Advance(time.Duration(asked.Advance))
	}
	return members{{"now", o.now().UTC().Format(time.RFC3339Nano)}, {"offset", Duration(o.offset.Load())}}, nil
}

func (o *Org) steerReset(order) (any, error) { return members{}, o.Reset() }

func (o *Org) steerHide(asked order) (any, error) {
	return members{{"hidden", strconv.FormatBool(isOn(asked.On))}}, o.Hide(asked.Object, asked.Field, isOn(asked.On))
}

// Reset takes the org back to its seed: rows, sessions, faults, switches, calls, clock, and an empty bus. What an admin set stays:
// automation, fields, rights and channels.
func (o *Org) Reset() error {
	o.wire.BlackHole(false)
	o.MuteChildren(false)
	o.Hyperforce(false)
	o.Maintain(false)
	o.Speak(Dialect{})
	o.Beat(cmp.Or(o.opts.Keepalive, defaultKeepalive))
	o.NameInCollections(o.opts.CollectionsOrigin)
	o.SlashOrigins(false)
	o.ClearFaults()
	o.auth.revoke("")
	o.calls.clear()
	o.SetClock(0)
	if err := o.load(); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	o.bus.reset()
	return nil
}
