package main

import (
	"maps"
	"slices"
	"time"

	"github.com/pelletier/go-toml/v2"

	"sfbridge/bridge"
)

// TransferConfig is one [[project.NAME.transfer]].
type TransferConfig struct {
	Name            string            `toml:"name"`              // of the transfer, unique inside the project
	Recipe          string            `toml:"recipe"`            // contact or lead: fills in what is not written
	Object          string            `toml:"object"`            // the Salesforce object, by its API name
	Type            string            `toml:"type"`              // the platform's event type; makes it a transfer of activities
	Direction       string            `toml:"direction"`         // inbound is Salesforce to platform, outbound is platform to Salesforce
	Identity        []PairConfig      `toml:"identity"`          // pairs by which both sides are matched, best first
	Fields          []PairConfig      `toml:"fields"`            // pairs of fields and attributes that are carried
	Key             string            `toml:"key"`               // external id field that holds the platform's id of the contact, or the event's of an activity
	Condition       string            `toml:"condition"`         // expression over sf that says who is carried at all
	NoMatchInbound  string            `toml:"no_match_inbound"`  // what happens where nobody on the platform matches
	NoMatchOutbound string            `toml:"no_match_outbound"` // what happens where no record matches
	OnDelete        string            `toml:"on_delete"`         // what becomes of the contact when its record is deleted
	OnGone          string            `toml:"on_gone"`           // what becomes of a contact's edit once his record is deleted: "create" makes him a new one
	TimingInbound   string            `toml:"timing_inbound"`    // when what Salesforce says goes: real-time, every 15m, daily 22:00 Asia/Tokyo, or never
	TimingOutbound  string            `toml:"timing_outbound"`   // when what the platform says goes
	Reread          string            `toml:"reread"`            // how often formulas and what else no event tells are read again: 1h, or never
	Tags            []string          `toml:"tags"`              // put on contacts that the bridge creates
	Who             string            `toml:"who"`               // of activities: the reference that takes the linked record, such as WhoId
	Set             map[string]any    `toml:"set"`               // constants of every record that is created
	Parents         map[string]string `toml:"parents"`           // objects of parents by relationship, whose changes are followed; "" follows none
	Shadow          bool              `toml:"shadow"`            // everything runs and is shown, nothing is sent
	CreationConfig
}

// PairConfig ties a field to an attribute.
type PairConfig struct {
	Salesforce string            `toml:"salesforce"` // the field, or Parent.Field one parent up
	Platform   string            `toml:"platform"`   // the attribute, such as lastName or custom.region
	Direction  string            `toml:"direction"`  // "" is that of the transfer
	Format     string            `toml:"format"`     // how values are made comparable
	Default    any               `toml:"default"`    // taken where Salesforce asks for a value and there is none
	KeepNull   bool              `toml:"keep_null"`  // an empty source never clears the target
	IfEmpty    bool              `toml:"if_empty"`   // only an empty target is written
	Values     map[string]string `toml:"values"`     // Salesforce's values by the platform's
	Inbound    string            `toml:"inbound"`    // expression over sf that makes the attribute
	Outbound   string            `toml:"outbound"`   // expression over contact that makes the field
	OnRefused  string            `toml:"on_refused"` // what becomes of a value that Salesforce refuses; "" is bury
}

// PhonesConfig says how phones are written and matched in a project.
type PhonesConfig struct {
	Platform   string `toml:"platform"`   // e164, digits, international or national
	Salesforce string `toml:"salesforce"` // the same, or as-said
	Match      string `toml:"match"`      // number or exact
}

func defaultPhones() PhonesConfig {
	return PhonesConfig{Platform: string(bridge.PhoneE164), Salesforce: string(bridge.PhoneAsSaid), Match: "number"}
}

func (p *PhonesConfig) noun() bridge.Phones {
	return bridge.Phones{Platform: bridge.PhoneForm(p.Platform), Salesforce: bridge.PhoneForm(p.Salesforce), Exact: p.Match == "exact"}
}

func (t *TransferConfig) byDefault() {
	t.Direction = string(bridge.Both)
	t.NoMatchInbound, t.NoMatchOutbound = string(bridge.CreateNew), string(bridge.SkipIt)
	t.OnDelete = string(bridge.KeepContact)
	t.OnGone = string(bridge.LeaveGone)
	t.TimingInbound, t.TimingOutbound = bridge.Timing{}.String(), bridge.Timing{}.String()
	t.Reread = rereadNever
	t.CreationConfig.byDefault()
}

// nouns are the projects of a configuration without fault, in alphabetical order.
func (c *Config) nouns() []bridge.Project {
	var all []bridge.Project
	for _, name := range slices.Sorted(maps.Keys(c.Projects)) {
		p := c.Projects[name]
		noun := bridge.Project{ID: bridge.ProjectID(name), Org: p.Org, Region: p.Region, Phones: p.Phones.noun()}
		for i := range p.Transfers {
			t := p.Transfers[i].noun()
			t.Shadow = t.Shadow || p.Shadow
			noun.Transfers = append(noun.Transfers, t)
		}
		all = append(all, noun)
	}
	return all
}

func (t *TransferConfig) noun() bridge.Transfer {
	n := bridge.Transfer{
		ID: bridge.TransferID(t.Name), Object: bridge.Object(t.Object), Kind: bridge.ContactTouched, Type: t.Type,
		Direction: bridge.Direction(t.Direction), Key: bridge.Field(t.Key), Condition: t.Condition,
		NoContact: bridge.NoMatch(t.NoMatchInbound), NoRecord: bridge.NoMatch(t.NoMatchOutbound),
		OnDelete: bridge.OnDelete(t.OnDelete), OnGone: bridge.OnGone(t.OnGone), Tags: t.Tags, Who: bridge.Field(t.Who), Shadow: t.Shadow,
		Creation: t.CreationConfig.noun(),
	}
	n.InboundTiming, _ = bridge.ParseTiming(t.TimingInbound)
	n.OutboundTiming, _ = bridge.ParseTiming(t.TimingOutbound)
	n.Reread, _ = t.reread()
	if t.Type != "" {
		n.Kind = bridge.Happened
	}
	for i := range t.Identity {
		n.Identity = append(n.Identity, t.Identity[i].noun(n.Direction))
	}
	for i := range t.Fields {
		n.Fields = append(n.Fields, t.Fields[i].noun(n.Direction))
	}
	if len(t.Parents) > 0 {
		n.Parents = make(map[string]bridge.Object, len(t.Parents))
		for relation, object := range t.Parents {
			n.Parents[relation] = bridge.Object(object)
		}
	}
	if len(t.Set) > 0 {
		n.Set = make(bridge.Fields, len(t.Set))
		for f, v := range t.Set {
			n.Set[bridge.Field(f)], _ = valueOf(v)
		}
	}
	return n
}

func (p *PairConfig) noun(whole bridge.Direction) bridge.Pair {
	n := bridge.Pair{
		Salesforce: bridge.Field(p.Salesforce), Platform: bridge.Attribute(p.Platform), Direction: bridge.Direction(p.Direction),
		Format: bridge.Format(p.Format), KeepNull: p.KeepNull, IfEmpty: p.IfEmpty, Values: p.Values, Inbound: p.Inbound, Outbound: p.Outbound,
	}
	if p.Direction == "" {
		n.Direction = whole
	}
	n.Default, _ = valueOf(p.Default)
	if p.OnRefused != buryIt {
		n.OnRefused = bridge.OnRefused(p.OnRefused)
	}
	return n
}

// valueOf is a constant of the file as a value; nothing written is unknown. It reports false for what no field can hold.
func valueOf(v any) (bridge.Value, bool) {
	switch v := v.(type) {
	case nil:
		return bridge.Value{}, true
	case string:
		return bridge.TextValue(v), true
	case bool:
		return bridge.BoolValue(v), true
	case int64:
		return bridge.IntValue(v), true
	case float64:
		return bridge.NumberValue(v), true
	case time.Time:
		return bridge.DateTimeValue(v), true
	case toml.LocalDate:
		return bridge.Value{Kind: bridge.Date, Text: v.String()}, true
	case []any:
		return multiOf(v)
	default:
		return bridge.Value{}, false
	}
}

func multiOf(list []any) (bridge.Value, bool) {
	var all []string
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return bridge.Value{}, false
		}
		all = append(all, s)
	}
	return bridge.MultiValue(all), true
}
