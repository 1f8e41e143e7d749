package fakeorg

import (
	"net/http"
	"slices"
)

// describeGlobal lists the objects.
func (c *call) describeGlobal() reply {
	list := []members{}
	for _, o := range c.org.objects() {
		list = append(list, c.summary(o))
	}
	return answer(http.StatusOK, members{{"encoding", "UTF-8"}, {"maxBatchSize", maxCollection}, {"sobjects", list}})
}

// summary is what describe global says of an object.
func (c *call) summary(o *Object) members {
	out := o.traits()
	root := "/services/data/" + c.version + "/sobjects/" + o.Name
	out.add("urls", members{{"sobject", root}, {"describe", root + "/describe"}, {"rowTemplate", root + "/{ID}"}})
	return out
}

func (o *Object) traits() members {
	writable := o.Name != "Organization" && o.Name != "Profile"
	return members{
		{"activateable", false}, {"createable", writable}, {"custom", o.Custom}, {"customSetting", false}, {"deepCloneable", false},
		{"deletable", writable && o.Name != "User"}, {"deprecatedAndHidden", false}, {"feedEnabled", false}, {"hasSubtypes", false},
		{"isInterface", false}, {"isSubtype", false}, {"keyPrefix", o.Prefix}, {"label", o.Label}, {"labelPlural", o.Plural},
		{"layoutable", true}, {"mergeable", o.Name == "Account" || o.Name == "Contact" || o.Name == "Lead"}, {"mruEnabled", true},
		{"name", o.Name}, {"queryable", true}, {"replicateable", true}, {"retrieveable", true}, {"searchable", true}, {"triggerable", true},
		{"undeletable", writable && o.Name != "User"}, {"updateable", writable},
	}
}

// describe answers what the integration user may know of an object.
func (c *call) describe(o *Object) reply {
	if since, ok := httpTime(c.r.Header.Get("If-Modified-Since")); ok && since.Unix() >= c.org.described.Load() {
		return reply{status: http.StatusNotModified}
	}
	out := o.traits()
	fields := []members{}
	for _, f := range o.visible() {
		fields = append(fields, f.describe(o))
	}
	out.add("actionOverrides", []any{})
	out.add("childRelationships", c.children(o))
	out.add("compactLayoutable", true)
	out.add("fields", fields)
	out.add("namedLayoutInfos", []any{})
	out.add("networkScopeFieldName", nil)
	out.add("recordTypeInfos", c.recordTypes(o))
	out.add("searchLayoutable", true)
	out.add("supportedScopes", []members{{{"label", "All " + o.Plural}, {"name", "everything"}}})
	root := "/services/data/" + c.version + "/sobjects/" + o.Name
	out.add("urls", members{{"sobject", root}, {"describe", root + "/describe"}, {"rowTemplate", root + "/{ID}"}})
	return answer(http.StatusOK, out)
}

// recordTypes lists the record types of an object, the master among them.
func (c *call) recordTypes(o *Object) []members {
	barred := func(id any) bool {
		c.org.mu.Lock()
		defer c.org.mu.Unlock()
		text, _ := id.(string)
		return c.org.hooks.barred[text]
	}
	c.org.mu.Lock()
	byDefault := c.org.hooks.types[o.Name]
	c.org.mu.Unlock()
	info := func(id, name, developer any, active any, master bool) members {
		return members{{"active", active}, {"available", active == true && !barred(id)}, {"defaultRecordTypeMapping", id == byDefault || master && byDefault == ""}, {"developerName", developer},
			{"master", master}, {"name", name}, {"recordTypeId", id}, {"urls", members{}}}
	}
	list := []members{info("012000000000000AAA", "Master", "Master", true, true)}
	for _, row := range c.org.Rows("RecordType") {
		if row["SobjectType"] == o.Name {
			list = append(list, info(row["Id"], row["Name"], row["DeveloperName"], row["IsActive"], false))
		}
	}
	return list
}

// children lists the references of other objects to this one.
func (c *call) children(o *Object) []members {
	list := []members{}
	for _, child := range c.org.objects() {
		for _, f := range child.visible() {
			if name := child.childName(f); name != "" && slices.Contains(f.References, o.Name) {
				list = append(list, members{
					{"cascadeDelete", dependents(o.Name)[child.Name] == f.Name}, {"childSObject", child.Name}, {"deprecatedAndHidden", false},
					{"field", f.Name}, {"junctionIdListNames", []any{}}, {"junctionReferenceTo", []any{}}, {"relationshipName", name},
					{"restrictedDelete", false},
				})
			}
		}
	}
	return list
}

// childName is what a parent calls the rows that refer to it through f, "" where it has no name for them.
func (o *Object) childName(f *Field) string {
	switch {
	case f.Type != "reference" || f.Name == "OwnerId" || f.Name == "CreatedById" || f.Name == "LastModifiedById" || f.Name == "MasterRecordId":
		return ""
	case f.Name == "WhoId" || f.Name == "AccountId" || f.Name == "WhatId" || f.Name == "OpportunityId" || f.Name == "ContactId":
		if o.Custom {
			return o.Name[:len(o.Name)-1] + "r"
		}
		if o.Name == "OpportunityContactRole" {
			return "OpportunityContactRoles"
		}
		return o.Plural
	case f.CustomID != "" && o.Custom:
		return o.Name[:len(o.Name)-1] + "r"
	}
	return ""
}

var soapTypes = map[string]string{
	"id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double", "currency": "xsd:double",
	"percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime", "time": "xsd:time", "address": "urn:address", "location": "urn:location",
}

// describe writes every attribute that describe knows of a field.
func (f *Field) describe(o *Object) members {
	out := members{}
	f.describeNature(&out, o)
	f.describeRights(&out)
	f.describeLinks(&out, o)
	values := []members{}
	for _, v := range f.Values {
		values = append(values, members{{"active", true}, {"defaultValue", f.Default == v}, {"label", f.labelOf(v)}, {"validFor", f.validFor(o, v)}, {"value", v}})
	}
	out.add("picklistValues", values)
	return out
}

// describeNature writes what kind of values the field holds.
func (f *Field) describeNature(out *members, o *Object) {
	soap := soapTypes[f.Type]
	if soap == "" {
		soap = "xsd:string"
	}
	digits := 0
	if f.Type == "int" {
		digits = 9
	}
	var mask, extra any
	if f.Type == "encryptedstring" {
		mask = "X"
	}
	if f.Extra != "" {
		extra = f.Extra
	} else if f.Type == "textarea" {
		extra = "plaintextarea"
	}
	for _, m := range (members{
		{"aggregatable", f.Type != "address" && f.Type != "location" && f.Type != "textarea"}, {"aiPredictionField", false}, {"autoNumber", f.Name == "CaseNumber"},
		{"byteLength", 3 * f.Length}, {"calculated", f.Formula}, {"calculatedFormula", nil}, {"caseSensitive", false},
		{"custom", f.CustomID != ""}, {"defaultValue", f.defaultValue()}, {"defaultValueFormula", nil}, {"digits", digits},
		{"displayLocationInDecimal", f.Type == "location"}, {"encrypted", f.Type == "encryptedstring"}, {"extraTypeInfo", extra},
		{"formulaTreatNullNumberAsZero", false}, {"highScaleNumber", false}, {"htmlFormatted", f.Extra == "richtextarea"}, {"inlineHelpText", nil},
		{"label", f.Label}, {"length", f.Length}, {"mask", mask}, {"maskType", nil}, {"name", f.Name}, {"nameField", f.isName(o)},
		{"precision", f.Precision}, {"scale", f.Scale}, {"soapType", soap}, {"type", f.Type},
	}) {
		out.add(m.name, m.value)
	}
}

func (f *Field) isName(o *Object) bool {
	return f.Name == "Name" || f.Name == "CaseNumber" && o.Name == "Case" || f.Name == "Subject" && (o.Name == "Task" || o.Name == "Event")
}

func (f *Field) defaultValue() any {
	if f.Type == "boolean" {
		return f.Default == true
	}
	return f.Default
}

// describeRights writes what may be done with the field.
func (f *Field) describeRights(out *members) {
	plain := f.Type != "address" && f.Type != "location"
	long := f.Type == "textarea" && f.Length > 255
	nillable := !f.Required && f.Type != "boolean" && f.Type != "id" && !(f.Defaulted && f.Type != "picklist")
	for _, m := range (members{
		{"cascadeDelete", false}, {"createable", f.Createable}, {"defaultedOnCreate", f.Defaulted}, {"dependentPicklist", len(f.Of) > 0},
		{"deprecatedAndHidden", false}, {"externalId", f.ExternalID}, {"filterable", plain && !long}, {"groupable", plain && !long && f.Type != "datetime"},
		{"idLookup", f.IDLookup}, {"nillable", nillable}, {"permissionable", f.Createable && !f.Required}, {"queryByDistance", f.Type == "location"},
		{"restrictedDelete", false}, {"restrictedPicklist", f.Restricted}, {"searchPrefilterable", f.Type == "reference"}, {"sortable", plain && !long && f.Type != "multipicklist"},
		{"unique", f.Unique}, {"updateable", f.Updateable}, {"writeRequiresMasterRead", false},
	}) {
		out.add(m.name, m.value)
	}
}

// describeLinks writes how the field hangs together with others.
func (f *Field) describeLinks(out *members, o *Object) {
	var compound, relationship, controller any
	if c := f.controller(o); c != nil {
		controller = c.Name
	}
	if f.Compound != "" {
		compound = f.Compound
	}
	references := f.References
	if references == nil {
		references = []string{}
	}
	if f.Type == "reference" {
		relationship = f.relationship()
	}
	several := len(references) > 1
	for _, m := range (members{
		{"compoundFieldName", compound}, {"controllerName", controller}, {"filteredLookupInfo", nil}, {"namePointing", several},
		{"polymorphicForeignKey", several}, {"referenceTargetField", nil}, {"referenceTo", references}, {"relationshipName", relationship},
		{"relationshipOrder", nil},
	}) {
		out.add(m.name, m.value)
	}
}
