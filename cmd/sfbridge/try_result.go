package main

import (
	"encoding/json"
	"time"

	"sfbridge/bridge"
)

// TryResult is what a trial shows.
type TryResult struct {
	Schema int      `json:"schema"`
	Tried  string   `json:"tried"` // what was run through the rules, in words
	Notes  []string `json:"notes"` // what the trial does not know
	Runs   []TryRun `json:"runs"`
}

// TryRun is one transfer's carrying, without its sending.
type TryRun struct {
	Project   bridge.ProjectID  `json:"project"`
	Transfer  bridge.TransferID `json:"transfer"` // "" where none takes the contact
	Direction bridge.Direction  `json:"direction"`
	Object    bridge.Object     `json:"object"`
	Record    bridge.RecordID   `json:"record"`
	Contact   bridge.ContactID  `json:"contact"`
	Shadow    bool              `json:"shadow"`           // the daemon would send nothing
	Timing    string            `json:"timing,omitempty"` // when such transfers go, "" for at once
	Due       time.Time         `json:"due,omitzero"`     // when what came now would go; absent for at once and never
	Condition *TryCondition     `json:"condition,omitempty"`
	Linked    bool              `json:"linked"` // the two were linked before
	Searches  []TrySearch       `json:"searches"`
	Fields    []TryField        `json:"fields"`
	Tags      []string          `json:"tags,omitempty"`
	Outcome   string            `json:"outcome"` // send, same, skipped, buried or deferred
	Op        bridge.Op         `json:"op,omitempty"`
	Reason    string            `json:"reason,omitempty"`
	Remedy    string            `json:"remedy,omitempty"`
	Requests  []TryRequest      `json:"requests"`
}

// TryCondition is the transfer's condition and how it was answered.
type TryCondition struct {
	Text  string `json:"text"`
	Holds bool   `json:"holds"`
	Error string `json:"error,omitempty"`
}

// TrySearch is one question by which the other side was looked for, in the order in which they were asked.
type TrySearch struct {
	Rule  string       `json:"rule"` // link, external id, record id, e-mail, phone, identity, account or lead
	In    string       `json:"in"`   // store, mirror, Salesforce or platform
	By    string       `json:"by"`   // the field or attribute
	Value bridge.Value `json:"value"`
	Found []string     `json:"found"`

	object    bridge.Object
	field     bridge.Field
	attribute bridge.Attribute
}

// TryField is one pair of fields, before and after.
type TryField struct {
	From   string       `json:"from"` // the field of the side that speaks; "" for a constant
	To     string       `json:"to"`
	Said   bridge.Value `json:"said,omitzero"`   // by the side that speaks
	Mapped bridge.Value `json:"mapped,omitzero"` // what the rule makes of it; absent where the rule leaves the field alone
	Before bridge.Value `json:"before,omitzero"` // what the other side holds
	Goes   bool         `json:"goes"`
}

// TryRequest is a request that would go out.
type TryRequest struct {
	Method string          `json:"method"`
	URL    string          `json:"url"`
	Body   json.RawMessage `json:"body,omitempty"`
}
