package bridge

// OnRefused says what becomes of a value that Salesforce refuses. The zero value buries the delivery with Salesforce's own sentence.
type OnRefused string

// What to do with a value that is refused.
const (
	BuryRefused     OnRefused = ""
	TruncateRefused OnRefused = "truncate" // a text that is longer than its field is cut to what fits
	DefaultRefused  OnRefused = "default"  // a value that is none of the picklist's gives way to the pair's default
	DropRefused     OnRefused = "drop"     // the field is left as it is
)

// Refusal is what one row was refused for, as far as single fields are to blame. Errors that know it have a method Refusal.
type Refusal struct {
	Code   string // the org's own, such as STRING_TOO_LONG; "" where the row was not sent for it
	Cause  Unfit
	Fields []Field
	// Longest is how many UTF-16 units a field holds whose value is too long. A field whose length nobody knows is not there.
	Longest map[Field]int
}

// Unfit says what is wrong with a value, as far as something can be put in its place.
type Unfit uint8

// What is wrong with a value. The zero cause is any other.
const (
	UnfitValue Unfit = iota
	TooLong
	NotListed // none of a picklist's
)
