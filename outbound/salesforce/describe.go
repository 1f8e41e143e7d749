package salesforce

import (
	"context"
	"errors"
	"sync"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// Picklist is one value of a picklist.
type Picklist struct {
	Value   string `json:"value"`
	Label   string `json:"label"`
	Active  bool   `json:"active"`
	Default bool   `json:"defaultValue"`
	// ValidFor is a bitmap over the values of the controlling field, base64; "" is valid for all.
	ValidFor string `json:"validFor"`
}

// RecordType is one record type of an object, as far as the run-as user may use it.
type RecordType struct {
	ID        bridge.RecordID `json:"recordTypeId"`
	Name      string          `json:"developerName"`
	Available bool            `json:"available"`
	Active    bool            `json:"active"`
	Master    bool            `json:"master"` // stands for having none
	// Default reports that new records of the run-as user are of this type where none is given.
	Default bool `json:"defaultRecordTypeMapping"`
}

// FieldFacts is what describe says of one field, as far as the bridge needs it. A field that the run-as user may not see is not described.
// https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_describesobjects_describesobjectresult.htm
type FieldFacts struct {
	Name       bridge.Field `json:"name"`
	Label      string       `json:"label"`
	Type       string       `json:"type"` // string, picklist, multipicklist, reference, boolean, int, double, date, datetime, address, ...
	Length     int          `json:"length"`
	Precision  int          `json:"precision"`
	Scale      int          `json:"scale"`
	Nillable   bool         `json:"nillable"`
	Defaulted  bool         `json:"defaultedOnCreate"`
	Createable bool         `json:"createable"`
	Updateable bool         `json:"updateable"`
	Calculated bool         `json:"calculated"` // a formula: raises no change event of its own
	AutoNumber bool         `json:"autoNumber"`
	Unique     bool         `json:"unique"`
	ExternalID bool         `json:"externalId"`
	IDLookup   bool         `json:"idLookup"`
	// CaseSensitive reports that a unique field tells capitals from small letters.
	CaseSensitive bool       `json:"caseSensitive"`
	Encrypted     bool       `json:"encrypted"`
	Filterable    bool       `json:"filterable"`
	NameField     bool       `json:"nameField"`
	Custom        bool       `json:"custom"`
	Restricted    bool       `json:"restrictedPicklist"`
	Compound      string     `json:"compoundFieldName"` // the field whose component it is, "" for none
	References    []string   `json:"referenceTo"`
	Relation      string     `json:"relationshipName"`
	Values        []Picklist `json:"picklistValues"`
}

// Required reports whether a create must hold the field.
func (f *FieldFacts) Required() bool { return f.Createable && !f.Nillable && !f.Defaulted }

// Key reports whether rows can be upserted by the field.
func (f *FieldFacts) Key() bool { return f.ExternalID || f.IDLookup }

// Kind is what a value of the field is.
func (f *FieldFacts) Kind() bridge.Kind {
	switch f.Type {
	case "boolean":
		return bridge.Bool
	case "int", "long", "double", "currency", "percent":
		return bridge.Number
	case "date":
		return bridge.Date
	case "datetime":
		return bridge.DateTime
	case "multipicklist":
		return bridge.Multi
	default:
		return bridge.Text
	}
}

// ObjectFacts is what describe says of one object to the run-as user.
type ObjectFacts struct {
	Name       bridge.Object
	Label      string
	KeyPrefix  string // first three characters of its ids
	Createable bool
	Updateable bool
	Deletable  bool
	Queryable  bool
	Fields     map[bridge.Field]*FieldFacts
	Types      []RecordType
	Read       time.Time // when this was answered
}

// wireObject is the part of a describe that is decoded.
type wireObject struct {
	Name       bridge.Object `json:"name"`
	Label      string        `json:"label"`
	KeyPrefix  string        `json:"keyPrefix"`
	Createable bool          `json:"createable"`
	Updateable bool          `json:"updateable"`
	Deletable  bool          `json:"deletable"`
	Queryable  bool          `json:"queryable"`
	Fields     []*FieldFacts `json:"fields"`
	Types      []RecordType  `json:"recordTypeInfos"`
}

// Describe says what the run-as user may see and do with an object. Answers are kept for an hour and dropped when a call shows that they are wrong;
// callers share them and change nothing in them. An object that does not exist or cannot be seen is an *APIError of class Setup.
func (c *Client) Describe(ctx context.Context, o bridge.Object) (*ObjectFacts, error) {
	path, err := c.objectPath(o, "/describe")
	if err != nil {
		return nil, err
	}
	return c.types.get(ctx, o, func() (*ObjectFacts, error) {
		var w wireObject
		if err := c.do(ctx, &rest.Call{Op: opDescribe, Path: path, Into: &w, Repeatable: true}); err != nil {
			return nil, err
		}
		facts := &ObjectFacts{
			Name: w.Name, Label: w.Label, KeyPrefix: w.KeyPrefix, Createable: w.Createable, Updateable: w.Updateable, Deletable: w.Deletable,
			Queryable: w.Queryable, Fields: make(map[bridge.Field]*FieldFacts, len(w.Fields)), Types: w.Types, Read: c.deps.Now(),
		}
		for _, f := range w.Fields {
			facts.Fields[f.Name] = f
		}
		return facts, nil
	})
}

// The life of a describe. One that a call has shown to be wrong is asked for again, but not by every row of a bad mapping.
const (
	describeFor    = time.Hour
	describeAtMost = time.Minute
)

// describes keeps what was described. One describe runs at a time; others wait for their turn without a lock.
type describes struct {
	now  func() time.Time
	turn chan struct{}

	mu    sync.Mutex
	kept  map[bridge.Object]*ObjectFacts
	stale map[bridge.Object]bool
}

func newDescribes(now func() time.Time) *describes {
	return &describes{now: now, turn: make(chan struct{}, 1), kept: map[bridge.Object]*ObjectFacts{}, stale: map[bridge.Object]bool{}}
}

func (d *describes) get(ctx context.Context, o bridge.Object, ask func() (*ObjectFacts, error)) (*ObjectFacts, error) {
	if facts := d.fresh(o); facts != nil {
		return facts, nil
	}
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, bridge.Unavailable(context.Cause(ctx), 0)
	}
	defer func() { <-d.turn }()
	if facts := d.fresh(o); facts != nil {
		return facts, nil
	}
	facts, err := ask()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept[o] = facts
	delete(d.stale, o)
	return facts, nil
}

// fresh is the kept answer while it may be used, else nil.
func (d *describes) fresh(o bridge.Object) *ObjectFacts {
	d.mu.Lock()
	defer d.mu.Unlock()
	facts := d.kept[o]
	if facts == nil {
		return nil
	}
	age := d.now().Sub(facts.Read)
	if age >= describeFor || d.stale[o] && age >= describeAtMost {
		return nil
	}
	return facts
}

// doubtUnseen has the object described anew once an error shows that its describe may be out of date: rights were granted or taken.
func (c *Client) doubtUnseen(o bridge.Object, err error) {
	if e, ok := asAPIError(err); ok && e.Class == Setup || errors.Is(err, errUnseen) || errors.Is(err, errTerms) {
		c.types.doubt(o)
	}
}

// forget drops what was described of the object.
func (d *describes) forget(o bridge.Object) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.kept, o)
}

// doubt has the object described again before long.
func (d *describes) doubt(o bridge.Object) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stale[o] = true
}
