package bridge

// Creation says what a record gets beside the mapped fields when the bridge creates it. The zero value leaves all of it to Salesforce.
type Creation struct {
	RecordType string    // developer name of the record type
	Owner      string    // a user by user name, e-mail or id, or a queue as queue:NAME
	OwnerFrom  Attribute // holds the user name, e-mail or id of the owner; Owner owns what it names nobody for
	Account    AccountRule
	Assign     string // which assignment rule runs: "" for none, "default" for the active one, or the id of one
	Duplicates Duplicates
}

// Duplicates says what becomes of a record that a duplicate rule of the org stops.
type Duplicates string

// What to do with what a duplicate rule stops.
const (
	BuryDuplicate Duplicates = ""
	LinkDuplicate Duplicates = "link" // take the one record that the answer names
	SaveDuplicate Duplicates = "save" // create it all the same, where the rule lets
)

// AccountRule finds the account of a contact that is created: one without an account is private to its owner. The zero value gives none.
type AccountRule struct {
	Record    RecordID  // of every contact
	Field     Field     // of Account, which holds what Attribute says
	Attribute Attribute // of the contact
	Otherwise Otherwise // where no one account matches; Record, if there is one, comes first
}

// Otherwise says what becomes of a contact for whom no account is found.
type Otherwise string

// What to do without an account.
const (
	CreatePrivate Otherwise = ""     // a contact without account
	CreateLead    Otherwise = "lead" // by the project's transfer that creates leads
	CreateNobody  Otherwise = "skip"
)

// Terms are the parts of a creation that are settled where the record is written.
type Terms struct {
	RecordType string
	Owners     []string // best first
	Assign     string
	Duplicates Duplicates
}
