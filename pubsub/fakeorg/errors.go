package fakeorg

import (
	"fmt"
	"net/http"
	"strings"
)

// Error is one refusal in Salesforce's own words, as REST answers it.
type Error struct {
	Status  int      // HTTP status where it refuses a whole request
	Code    string   // errorCode of a request, statusCode of a row
	Message string   // Salesforce's sentence
	Fields  []string // REST names of the fields it is about
	Matches []string // ids of the rows that a duplicate rule found
	Blocked bool     // by a rule that lets nobody save
}

// Error returns code and sentence.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) on(fields ...string) *Error {
	e.Fields = fields
	return e
}

func (e *Error) as(status int) *Error {
	e.Status = status
	return e
}

func noSuchColumn(name string, o *Object) *Error {
	return refuse("INVALID_FIELD", "No such column '%s' on sobject of type %s", name, o.Name)
}

func notWritable(names []string) *Error {
	return refuse("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: %s. Please check the security settings of this field and verify "+
		"that it is read/write for your profile or permission set.", strings.Join(names, ", ")).on(names...)
}

func notFound() *Error {
	return refuse("NOT_FOUND", "The requested resource does not exist").as(http.StatusNotFound)
}

func entityDeleted() *Error {
	return refuse("ENTITY_IS_DELETED", "entity is deleted").on()
}

func brokenReference() *Error {
	return refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").on()
}

func wrongType(kind, token, value string) *Error {
	return refuse("JSON_PARSER_ERROR", "Cannot deserialize instance of %s from %s value %s or request may be missing a required field at [line:1, column:1]",
		kind, token, value)
}

// errorBody is one element of the array that answers a refused request.
type errorBody struct {
	Message   string           `json:"message"`
	ErrorCode string           `json:"errorCode"`
	Fields    []string         `json:"fields,omitempty"`
	Duplicate *duplicateResult `json:"duplicateResult,omitempty"`
}

// rowError is one element of the errors of a refused row in a collection.
type rowError struct {
	StatusCode string   `json:"statusCode"`
	Message    string   `json:"message"`
	Fields     []string `json:"fields"`
}

func (e *Error) row() rowError {
	fields := e.Fields
	if fields == nil {
		fields = []string{}
	}
	return rowError{StatusCode: e.Code, Message: e.Message, Fields: fields}
}
