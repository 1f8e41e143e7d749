package fakeorg

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Steering what an admin, the platform and the network do to an org.

// orgOrder changes the org's standing.
type orgOrder struct {
	Rename   *string `json:"rename"`  // instance_url
	Migrate  *string `json:"migrate"` // instance_url
	Refresh  *string `json:"refresh"` // id of the org
	Maintain *bool   `json:"maintain"`
}

func (o *Org) steerOrg(asked orgOrder) (any, error) {
	turn(asked.Rename, o.Rename)
	turn(asked.Migrate, o.Migrate)
	turn(asked.Refresh, o.Refresh)
	turn(asked.Maintain, o.Maintain)
	return members{{"id", o.OrgID()}, {"instanceUrl", o.standing.Load().instance}}, nil
}

// channelOrder defines a custom channel; no members remove it.
type channelOrder struct {
	Name    string              `json:"name"`
	Members []string            `json:"members"` // objects
	Enrich  map[string][]string `json:"enrich"`  // fields by object
}

func (o *Org) steerChannel(asked channelOrder) (any, error) {
	if asked.Name == "" {
		return nil, errors.New("name the channel")
	}
	for _, object := range asked.Members {
		if o.object(object) == nil {
			return nil, fmt.Errorf("no object %s", object)
		}
	}
	o.SetChannel(asked.Name, asked.Members...)
	for _, object := range slices.Sorted(maps.Keys(asked.Enrich)) {
		if err := o.EnrichChannel(asked.Name, object, asked.Enrich[object]...); err != nil {
			return nil, err
		}
	}
	return members{{"channels", o.Channels()}}, nil
}

// rightOrder gives or takes what the user may see, and selects objects for Change Data Capture.
type rightOrder struct {
	Object string `json:"object"` // whose events the user may see
	Topic  string `json:"topic"`  // which the user may subscribe to
	Select string `json:"select"` // object that is selected
	On     *bool  `json:"on"`     // nil is true
}

func (o *Org) steerRight(asked rightOrder) (any, error) {
	on := isOn(asked.On)
	switch {
	case asked.Select != "":
		return members{}, o.Select(asked.Select, on)
	case asked.Topic != "":
		o.DenyTopic(asked.Topic, !on)
	case o.object(asked.Object) == nil:
		return nil, fmt.Errorf("no object %q", asked.Object)
	default:
		o.setHidden(o.object(asked.Object).Name, !on)
	}
	return members{}, nil
}

// fieldOrder changes the fields of an object.
type fieldOrder struct {
	Object string     `json:"object"`
	Add    *FieldSeed `json:"add"`
	Before string     `json:"before"` // where Add goes; "" is the end
	Remove string     `json:"remove"`
	Aged   *bool      `json:"agedAddresses"`
}

func (o *Org) steerField(asked fieldOrder) (any, error) {
	if asked.Add != nil {
		if err := o.AddField(asked.Object, *asked.Add, asked.Before); err != nil {
			return nil, err
		}
	}
	if asked.Remove != "" {
		if err := o.RemoveField(asked.Object, asked.Remove); err != nil {
			return nil, err
		}
	}
	if asked.Aged != nil {
		return members{}, o.AgeAddresses(asked.Object, *asked.Aged)
	}
	return members{}, nil
}

// automationOrder installs automation that sets fields whenever a row of the object is saved, or an assignment rule.
type automationOrder struct {
	Object string         `json:"object"`
	When   string         `json:"when"` // before or after the row is stored
	Set    map[string]any `json:"set"`
	Assign *string        `json:"assign"` // owner; "" lifts the rule
}

func (o *Org) steerAutomation(asked automationOrder) (any, error) {
	found := o.object(asked.Object)
	if found == nil {
		return nil, fmt.Errorf("no object %q", asked.Object)
	}
	for name := range asked.Set {
		if found.Find(name) == nil {
			return nil, fmt.Errorf("no field %s on %s", name, found.Name)
		}
	}
	switch {
	case asked.Assign != nil:
		o.Assign(asked.Object, *asked.Assign)
	case asked.When == "before":
		o.OnSave(asked.Object, func(values map[string]any) { maps.Copy(values, asked.Set) })
	case asked.When == "after":
		o.AfterSave(asked.Object, func(tx *Tx, id string) error { return tx.settleTo(found.Name, id, asked.Set) })
	default:
		return nil, errors.New("when is before or after")
	}
	return members{}, nil
}

// settleTo updates a row where it does not hold the values yet, so that automation comes to an end.
func (t *Tx) settleTo(object, id string, fields map[string]any) error {
	found, err := t.named(object)
	if err != nil {
		return err
	}
	row, _ := t.Row(object, id)
	for name, v := range fields {
		f := found.Find(name)
		stored, refused := f.accept(v)
		if refused != nil {
			return refused
		}
		if row[f.Name] != stored {
			return t.Update(object, id, fields)
		}
	}
	return nil
}

// wireOrder makes the network fail.
type wireOrder struct {
	BlackHole *bool `json:"blackHole"`
	Cut       bool  `json:"cut"`
}

func (o *Org) steerWire(asked wireOrder) (any, error) {
	turn(asked.BlackHole, o.wire.BlackHole)
	cut := 0
	if asked.Cut {
		cut = o.wire.Cut()
	}
	return members{{"cut", cut}, {"connections", o.wire.Connections()}}, nil
}

// platform is what the platform itself does.
type platform struct {
	Act     string         `json:"act"` // gap, wildcard, geocode, empty or emit
	Object  string         `json:"object"`
	Kind    ChangeKind     `json:"kind"`    // gap: CREATE, UPDATE, DELETE or UNDELETE
	IDs     []string       `json:"ids"`     // gap, geocode
	Address string         `json:"address"` // geocode: the compound field
	Place   [2]float64     `json:"place"`   // geocode: latitude and longitude
	Header  Header         `json:"header"`  // emit
	Fields  map[string]any `json:"fields"`  // emit: body, by REST name
	Replay  []byte         `json:"replay"`  // emit: base64; nil is the next id
}

func (o *Org) steerPlatform(p platform) (any, error) {
	var e Event
	var err error
	switch strings.ToLower(p.Act) {
	case "gap":
		e, err = o.Gap(p.Object, p.Kind, p.IDs...)
	case "wildcard":
		e, err = o.Wildcard(p.Object)
	case "emit":
		e, err = o.EmitFields(p.Header, p.Fields, p.Replay)
	case "empty":
		return members{{"rows", o.EmptyBin(p.Object)}}, nil
	case "geocode":
		for _, id := range p.IDs {
			if err = o.Geocode(p.Object, id, p.Address, p.Place[0], p.Place[1]); err != nil {
				return nil, err
			}
		}
		return members{}, nil
	default:
		return nil, fmt.Errorf("the platform acts by gap, wildcard, geocode, empty or emit, not %q", p.Act)
	}
	return members{{"id", e.ID}, {"replay", e.Replay}}, err
}
