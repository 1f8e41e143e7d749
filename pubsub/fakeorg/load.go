package fakeorg

import (
	"cmp"
	"fmt"
	"maps"
	"strings"
)

// load fills the tables with what the org holds at its start: the organization, its users, and the rows of the seed. It raises no
// events.
func (o *Org) load() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tables = make(map[string]*table)
	o.serial = make(map[string]int64)
	o.cursors = cursorSet{}
	o.purged = nil
	t := o.begin(Actor{trusted: true, seeding: true})
	seed := cmp.Or(o.opts.Seed, &Seed{})
	if err := t.loadPeople(seed); err != nil {
		return err
	}
	if seed.PersonAccounts {
		if err := t.loadRecordTypes(); err != nil {
			return fmt.Errorf("record types of person accounts: %w", err)
		}
	}
	return t.loadRows(seed)
}

func (t *Tx) loadPeople(seed *Seed) error {
	o := t.org
	t.actor.User = makeID("005", 1)
	profile, err := t.Create("Profile", map[string]any{"Name": "System Administrator", "UserType": "Standard"})
	if err != nil {
		return err
	}
	users := []UserSeed{
		{ID: makeID("005", 1), Username: "integration@fakeorg.example", FirstName: "Bridge", LastName: "Integration"},
		{ID: makeID("005", 2), Username: "agent@fakeorg.example", FirstName: "Ada", LastName: "Agent"},
	}
	o.people = people{integration: users[0].ID, agent: users[1].ID}
	for _, u := range append(users, seed.Users...) {
		if _, err := t.Create("User", u.fields(profile)); err != nil {
			return fmt.Errorf("user %s: %w", u.Username, err)
		}
	}
	_, err = t.Create("Organization", map[string]any{"Id": o.OrgID(), "Name": cmp.Or(seed.Name, "Fake Org"), "IsSandbox": o.opts.Sandbox,
		"OrganizationType": "Enterprise Edition", "InstanceName": "FAKE1"})
	return err
}

func (u UserSeed) fields(profile string) map[string]any {
	fields := map[string]any{
		"Username": u.Username, "Email": cmp.Or(u.Email, u.Username), "LastName": cmp.Or(u.LastName, u.Username), "IsActive": !u.Inactive,
		"Alias": shorten(u.Username, 8), "ProfileId": profile, "TimeZoneSidKey": "Europe/Zurich", "LocaleSidKey": "en_US",
		"EmailEncodingKey": "UTF-8", "LanguageLocaleKey": "en_US", "UserType": "Standard",
	}
	if u.FirstName != "" {
		fields["FirstName"] = u.FirstName
	}
	if u.ID != "" {
		fields["Id"] = u.ID
	}
	return fields
}

func shorten(text string, n int) string {
	text, _, _ = strings.Cut(text, "@")
	return text[:min(n, len(text))]
}

func (t *Tx) loadRows(seed *Seed) error {
	refs := make(map[string]string)
	for i, s := range seed.Rows {
		fields := maps.Clone(s.Fields)
		if fields == nil {
			fields = make(map[string]any)
		}
		for name, v := range fields {
			if text, ok := v.(string); ok && strings.HasPrefix(text, "@") && refs[text[1:]] != "" {
				fields[name] = refs[text[1:]]
			}
		}
		if s.ID != "" {
			fields["Id"] = s.ID
		}
		id, err := t.Create(s.Object, fields)
		if err != nil {
			return fmt.Errorf("row %d (%s): %w", i+1, s.Object, err)
		}
		if s.Ref != "" {
			refs[s.Ref] = id
		}
	}
	return nil
}
