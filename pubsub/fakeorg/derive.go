package fakeorg

import (
	"fmt"
	"strings"
	"time"
)

// derive sets the values that an org works out by itself.
func (t *Tx) derive(o *Object, values, old map[string]any) {
	switch o.Name {
	case "Task":
		t.deriveTask(values)
	case "Event":
		t.deriveEvent(values, old)
	case "Opportunity":
		deriveOpportunity(values, old)
	case "Case":
		t.deriveCase(values)
	case "Account":
		t.derivePerson(o, values)
	case "Contact":
		values["IsEmailBounced"] = values["EmailBouncedDate"] != nil
	}
}

func (t *Tx) deriveTask(values map[string]any) {
	closed := values["Status"] == "Completed"
	values["IsClosed"] = closed
	values["IsHighPriority"] = values["Priority"] == "High"
	switch {
	case !closed:
		delete(values, "CompletedDateTime")
	case values["CompletedDateTime"] == nil:
		values["CompletedDateTime"] = t.now
	}
	t.deriveActivityAccount(values)
}

// deriveActivityAccount takes the account of what the activity is about, else that of the person.
func (t *Tx) deriveActivityAccount(values map[string]any) {
	delete(values, "AccountId")
	for _, name := range []string{"WhatId", "WhoId"} {
		id, _ := values[name].(string)
		if o := t.org.schema.Load().byPrefix(id); o != nil {
			if o.Name == "Account" {
				values["AccountId"] = id
				return
			}
			if r := t.table(o).rows[id]; r != nil && r.values["AccountId"] != nil {
				values["AccountId"] = r.values["AccountId"]
				return
			}
		}
	}
}

// deriveEvent keeps start, duration and end of an event in step; StartDateTime and ActivityDateTime are one value under two names.
func (t *Tx) deriveEvent(values, old map[string]any) {
	start := changedOf(values, old, "ActivityDateTime", "StartDateTime")
	if begin, ok := start.(time.Time); ok {
		values["ActivityDateTime"], values["StartDateTime"] = begin, begin
		values["ActivityDate"] = begin.Format(time.DateOnly)
		end, hasEnd := values["EndDateTime"].(time.Time)
		minutes, hasMinutes := values["DurationInMinutes"].(int64)
		endMoved := hasEnd && values["EndDateTime"] != old["EndDateTime"]
		switch {
		case endMoved || !hasMinutes && hasEnd:
			values["DurationInMinutes"] = int64(end.Sub(begin) / time.Minute)
		case hasMinutes:
			values["EndDateTime"] = begin.Add(time.Duration(minutes) * time.Minute)
		}
		if end, ok := values["EndDateTime"].(time.Time); ok {
			values["EndDate"] = end.Format(time.DateOnly)
		}
	}
	t.deriveActivityAccount(values)
}

// changedOf returns the value of the first of two names that differs from the old row, else that of the first that is there.
func changedOf(values, old map[string]any, names ...string) any {
	for _, name := range names {
		if values[name] != nil && values[name] != old[name] {
			return values[name]
		}
	}
	return values[names[0]]
}

func deriveOpportunity(values, old map[string]any) {
	stage, _ := values["StageName"].(string)
	values["IsClosed"] = strings.HasPrefix(stage, "Closed")
	values["IsWon"] = stage == "Closed Won"
	if old["StageName"] != values["StageName"] && values["Probability"] == old["Probability"] {
		values["Probability"] = map[string]float64{
			"Prospecting": 10, "Qualification": 10, "Needs Analysis": 20, "Value Proposition": 50, "Id. Decision Makers": 60,
			"Perception Analysis": 70, "Proposal/Price Quote": 75, "Negotiation/Review": 90, "Closed Won": 100,
		}[stage]
	}
	amount, hasAmount := values["Amount"].(float64)
	share, _ := values["Probability"].(float64)
	delete(values, "ExpectedRevenue")
	if hasAmount {
		values["ExpectedRevenue"] = amount * share / 100
	}
}

func (t *Tx) deriveCase(values map[string]any) {
	closed := values["Status"] == "Closed"
	values["IsClosed"] = closed
	switch {
	case !closed:
		delete(values, "ClosedDate")
	case values["ClosedDate"] == nil:
		values["ClosedDate"] = t.now
	}
	if values["CaseNumber"] == nil {
		t.org.serial["CaseNumber"]++
		values["CaseNumber"] = fmt.Sprintf("%08d", 1000+t.org.serial["CaseNumber"])
	}
	id, _ := values["ContactId"].(string)
	contact := t.table(t.org.object("Contact")).rows[id]
	if contact == nil {
		contact = &row{}
	}
	set(values, "ContactPhone", contact.values["Phone"])
	set(values, "ContactMobile", contact.values["MobilePhone"])
	set(values, "ContactEmail", contact.values["Email"])
	if values["AccountId"] == nil {
		set(values, "AccountId", contact.values["AccountId"])
	}
}

// checkObject refuses what an object does not allow of its rows.
func (t *Tx) checkObject(o *Object, old, values map[string]any) *Error {
	if o.Name == "Lead" && old["IsConverted"] == true {
		return refuse("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead").on()
	}
	if err := t.checkPerson(o, old, values); err != nil {
		return err
	}
	return checkActivity(o, values)
}

// checkActivity refuses what events and tasks do not allow.
func checkActivity(o *Object, values map[string]any) *Error {
	if o.Name != "Event" && o.Name != "Task" {
		return nil
	}
	if who, _ := values["WhoId"].(string); strings.HasPrefix(who, "00Q") && values["WhatId"] != nil {
		return refuse("FIELD_INTEGRITY_EXCEPTION", "Related To ID: you can only relate to other records when the name is a contact").on("WhatId")
	}
	if o.Name != "Event" {
		return nil
	}
	if values["ActivityDateTime"] == nil && values["ActivityDate"] == nil {
		return refuse("REQUIRED_FIELD_MISSING", "Required fields are missing: [ActivityDateTime]").on("ActivityDateTime")
	}
	if minutes, ok := values["DurationInMinutes"].(int64); values["IsAllDayEvent"] != true && (!ok || minutes < 0) {
		return refuse("REQUIRED_FIELD_MISSING", "Required fields are missing: [DurationInMinutes]").on("DurationInMinutes")
	}
	return nil
}
