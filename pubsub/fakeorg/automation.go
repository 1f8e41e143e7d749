package fakeorg

import "strings"

// saveHooks are the automations of the org, by lower-case object name.
type saveHooks struct {
	before map[string][]func(values map[string]any)
	after  map[string][]func(tx *Tx, id string) error
	owners map[string]string // by assignment rule
	barred map[string]bool   // record types, by id, that the integration user may not use

	picklists map[string][]string // by picklistKey
	types     map[string]string   // the integration user's default record types, by object

	duplicates []DuplicateRule
}

// Assign sets the assignment rule of an object (Account, Case, Lead): what API clients create goes to the owner, a user or a queue,
// unless they send Sforce-Auto-Assign: FALSE. An empty owner lifts the rule.
func (o *Org) Assign(object, owner string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hooks.owners == nil {
		o.hooks.owners = make(map[string]string)
	}
	o.hooks.owners[strings.ToLower(object)] = id18(owner)
}

func (t *Tx) assign(o *Object, values map[string]any) {
	if owner := t.org.hooks.owners[strings.ToLower(o.Name)]; owner != "" && t.actor.assigns {
		values["OwnerId"] = owner
	}
}

// OnSave installs a before-save automation: it may change the values of every row of the object that is about to be created or
// updated, by REST field name. It runs inside the transaction and must not call methods of Org.
func (o *Org) OnSave(object string, hook func(values map[string]any)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hooks.before == nil {
		o.hooks.before = make(map[string][]func(map[string]any))
	}
	key := strings.ToLower(object)
	o.hooks.before[key] = append(o.hooks.before[key], hook)
}

// AfterSave installs an automation that runs after a row of the object was created or updated, in the same transaction: what it
// writes through tx commits with the row, under the same transactionKey, and an error refuses the row. What it writes starts
// automation in turn. It must not call methods of Org.
func (o *Org) AfterSave(object string, hook func(tx *Tx, id string) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hooks.after == nil {
		o.hooks.after = make(map[string][]func(*Tx, string) error)
	}
	key := strings.ToLower(object)
	o.hooks.after[key] = append(o.hooks.after[key], hook)
}

func (t *Tx) after(o *Object, id string) *Error {
	if err := t.followTwin(o, id); err != nil {
		return err
	}
	hooks := t.org.hooks.after[strings.ToLower(o.Name)]
	if len(hooks) == 0 || t.actor.seeding {
		return nil
	}
	if t.depth++; t.depth > maxDepth {
		return refuse("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "%s: maximum trigger depth exceeded", o.Name).on()
	}
	defer func() { t.depth-- }()
	for _, hook := range hooks {
		if err := hook(t, id); err != nil {
			return refuse("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "%s: execution of AfterSave caused by: %s", o.Name, err).on()
		}
	}
	return nil
}
