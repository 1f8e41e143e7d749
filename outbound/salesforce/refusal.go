package salesforce

import (
	"context"
	"slices"
	"unicode/utf16"

	"sfbridge/bridge"
)

// fieldError is a value that is not sent, since describe says that its field does not take it.
type fieldError struct {
	field bridge.Field
	err   error
}

// Error is the error itself.
func (e *fieldError) Error() string { return e.err.Error() }

// Unwrap is the error itself.
func (e *fieldError) Unwrap() error { return e.err }

// Refusal names the field.
func (e *fieldError) Refusal() bridge.Refusal { return bridge.Refusal{Fields: []bridge.Field{e.field}} }

// codeTooLong is the one refusal that a shorter value mends.
const codeTooLong = "STRING_TOO_LONG"

// Refusal is what single fields of the row are to blame for; it names none where the fault is another. The class has no say: what every row of a call is
// refused for is a lack of rights, and each row can do without the field all the same.
func (e *APIError) Refusal() bridge.Refusal {
	r := bridge.Refusal{Code: e.Code, Longest: e.longest}
	switch {
	case !e.row, !slices.Contains([]Class{BadRow, Setup, Changed}, e.Class), e.Code == "REQUIRED_FIELD_MISSING":
		return bridge.Refusal{}
	case e.Code == codeTooLong:
		r.Cause = bridge.TooLong
	case e.Code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST":
		r.Cause = bridge.NotListed
	}
	for _, f := range e.Fields {
		r.Fields = append(r.Fields, bridge.Field(f))
	}
	return r
}

// measure tells the rows of a call that are too long how long their fields are. Where describe says that a value should have fitted, the field was made
// shorter since, and is described anew.
func (j *writing) measure(ctx context.Context, b *batch, written []bridge.Written) {
	for i := range written {
		e, named := asAPIError(written[i].Err)
		if !named || e.Code != codeTooLong {
			continue
		}
		facts, err := j.c.Describe(ctx, b.object)
		if err == nil && !facts.measure(e, b.rows[i].member) && !j.renewed {
			j.renewed = true
			j.c.types.forget(b.object)
			if facts, err = j.c.Describe(ctx, b.object); err == nil {
				facts.measure(e, b.rows[i].member)
			}
		}
	}
}

// measure notes how long the fields are that a row was too long for, and reports whether describe agrees that it was.
func (o *ObjectFacts) measure(e *APIError, member map[string]any) bool {
	e.longest = map[bridge.Field]int{}
	for _, name := range e.Fields {
		text, _ := member[name].(string)
		if f := o.Fields[bridge.Field(name)]; f != nil && f.Length > 0 && len(utf16.Encode([]rune(text))) > f.Length {
			e.longest[f.Name] = f.Length
		}
	}
	return len(e.longest) == len(e.Fields)
}
