package salesforce

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// judged is the outcome of an answer to a write that may not be repeated.
func judged(op string, status int, body string) error {
	a := &rest.Answer{Status: status, Header: http.Header{}, Body: []byte(body), At: time.Now()}
	return judgeAnswer(&rest.Call{Op: op}, a, false)
}

func refusal(code, message string) string {
	return fmt.Sprintf(`[{"errorCode":%q,"message":%q}]`, code, message)
}

func TestClassify_WholeCalls(t *testing.T) {
	tests := []struct {
		status        int
		code, message string
		class         Class
		verdict       bridge.Verdict
	}{
		{401, "INVALID_SESSION_ID", "Session expired or invalid", Unauthorised, bridge.Wait},
		{401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API", Setup, bridge.Wait},
		{401, "", "", Unauthorised, bridge.Wait},
		{400, "ORG_NOT_OWNED_BY_INSTANCE", "", Unauthorised, bridge.Wait},
		{401, "INVALID_AUTH_HEADER", "", OurBug, bridge.Bury},
		{403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", DailyQuota, bridge.Wait},
		{403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", Concurrency, bridge.Wait},
		{403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded", Concurrency, bridge.Wait},
		{403, "REQUEST_LIMIT_EXCEEDED", "something new", Concurrency, bridge.Wait},
		{403, "LIMIT_EXCEEDED", "", DailyQuota, bridge.Wait},
		{400, "LIMIT_EXCEEDED", "", OurBug, bridge.Bury},
		{403, "EXCEEDED_QUOTA", "", DailyQuota, bridge.Wait},
		{400, "OPERATION_TOO_LARGE", "", OurBug, bridge.Bury},
		{503, "TOO_MANY_APEX_REQUESTS", "", Concurrency, bridge.Wait},
		{503, "SERVER_UNAVAILABLE", "Server too busy", Transient, bridge.Wait},
		{503, "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE", "", Transient, bridge.Wait},
		{503, "ORG_IN_MAINTENANCE", "", Transient, bridge.Wait},
		{400, "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "", Transient, bridge.Wait},
		{400, "QUERY_TIMEOUT", "", Transient, bridge.Retry},
		{400, "REQUEST_RUNNING_TOO_LONG", "", Transient, bridge.Retry},
		{400, "QUERY_TOO_COMPLICATED", "", OurBug, bridge.Bury},
		{400, "EXCEEDED_MAX_SIZE_REQUEST", "", OurBug, bridge.Bury},
		{400, "EXCEEDED_ID_LIMIT", "", Restart, bridge.Retry},
		{400, "INVALID_REPLICATION_DATE", "", Restart, bridge.Retry},
		{400, "INVALID_QUERY_LOCATOR", "", Restart, bridge.Retry},
		{400, "INVALID_LOCATOR", "", Restart, bridge.Retry},
		{400, "MALFORMED_QUERY", "", OurBug, bridge.Bury},
		{400, "INVALID_FIELD", "No such column 'X' on sobject of type Contact", Setup, bridge.RetryAt},
		{400, "INVALID_FIELD", "Foreign key external ID: 42 not found for field Ext__c in entity Account", Changed, bridge.RetryAt},
		{400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.", OurBug, bridge.Bury},
		{400, "INVALID_TYPE", "sObject type 'X' is not supported.", Setup, bridge.RetryAt},
		{404, "NOT_FOUND", "The requested resource does not exist", Setup, bridge.RetryAt},
		{404, "ENTITY_IS_DELETED", "entity is deleted", Changed, bridge.Bury},
		{400, "MALFORMED_ID", "", BadRow, bridge.Bury},
		{405, "METHOD_NOT_ALLOWED", "", OurBug, bridge.Bury},
		{400, "JSON_PARSER_ERROR", "Unexpected character", OurBug, bridge.Bury},
		{400, "JSON_PARSER_ERROR", "Cannot deserialize instance of date from VALUE_STRING value x", BadRow, bridge.Bury},
		{403, "API_DISABLED_FOR_ORG", "", Setup, bridge.Wait},
		{403, "API_CURRENTLY_DISABLED", "", Setup, bridge.Wait},
		{403, "APEX_REST_SERVICES_DISABLED", "", Setup, bridge.Wait},
		{403, "FUNCTIONALITY_NOT_ENABLED", "", Setup, bridge.Wait},
		{403, "INSUFFICIENT_ACCESS", "", Setup, bridge.RetryAt},
		{403, "CLIENT_NOT_ACCESSIBLE_FOR_USER", "", Setup, bridge.Wait},
		{410, "UNSUPPORTED_API_VERSION", "", Setup, bridge.Wait},
		{403, "TXN_SECURITY_NO_ACCESS", "", Setup, bridge.Wait},
		{400, "PROCESSING_HALTED", "", Transient, bridge.Retry},
		{400, "APEX_ERROR", "", BadRow, bridge.Bury},
		{500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.", Transient, bridge.Retry},
		{409, "INVALIDJOBSTATE", "", Restart, bridge.Retry},
		{400, "UNABLE_TO_LOCK_ROW", "", Locked, bridge.RetryAt},
		// no code that we know: the status decides
		{300, "", "", BadRow, bridge.Bury},
		{400, "NEVER_HEARD_OF", "", BadRow, bridge.Bury},
		{403, "NEVER_HEARD_OF", "", Setup, bridge.Wait},
		{404, "", "", Setup, bridge.Wait},
		{409, "", "", Restart, bridge.Retry},
		{410, "", "", Setup, bridge.Wait},
		{412, "", "", Changed, bridge.Retry},
		{414, "", "", OurBug, bridge.Bury},
		{415, "", "", OurBug, bridge.Bury},
		{420, "", "", Transient, bridge.Wait},
		{429, "", "", Transient, bridge.Wait},
		{500, "", "", Transient, bridge.Retry},
		{502, "", "", Transient, bridge.Wait},
		{504, "", "", Transient, bridge.Wait},
		{302, "", "", Transient, bridge.Wait},
	}
	for _, tt := range tests {
		err := judged(opWrite, tt.status, refusal(tt.code, tt.message))
		e, ok := asAPIError(err)
		if !ok || e.Class != tt.class || verdict(err) != tt.verdict {
			t.Errorf("%d %s %q: class %s, verdict %d; want %s, %d", tt.status, tt.code, tt.message, e.Class, verdict(err), tt.class, tt.verdict)
		}
	}
}

func TestClassify_Rows(t *testing.T) {
	tests := []struct {
		code, message, fields string
		class                 Class
		verdict               bridge.Verdict
		is                    error
	}{
		{"UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", "", Locked, bridge.RetryAt, nil},
		{"RECORD_IN_USE_BY_WORKFLOW", "", "", Locked, bridge.RetryAt, nil},
		{"ENTITY_IS_LOCKED", "", "", BadRow, bridge.RetryAt, nil},
		{"DUPLICATE_VALUE", "duplicate value found: Ext__c duplicates value on record with id: 0035e00000abcDE", "", Changed, bridge.Retry, ErrDuplicateValue},
		{"DUPLICATES_DETECTED", "Use one of these records?", "", Changed, bridge.Bury, ErrDuplicateRule},
		{"DUPLICATE_EXTERNAL_ID", "", "", BadRow, bridge.Bury, nil},
		{"MISSING_RECORD", "", "", Changed, bridge.Bury, ErrGone},
		{"ENTITY_IS_DELETED", "", "", Changed, bridge.Bury, ErrGone},
		{"ENTITY_IS_ARCHIVED", "", "", Changed, bridge.Bury, bridge.ErrNotFound},
		{"INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "", Changed, bridge.Bury, ErrGone},
		{"INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "AccountId", Changed, bridge.Bury, nil},
		{"INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "", "", BadRow, bridge.Bury, nil},
		{"INSUFFICIENT_ACCESS_OR_READONLY", "", "", BadRow, bridge.Bury, nil},
		{"REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", "LastName", BadRow, bridge.Bury, nil},
		{"FIELD_CUSTOM_VALIDATION_EXCEPTION", "Give a phone", "", BadRow, bridge.Bury, nil},
		{"FIELD_INTEGRITY_EXCEPTION", "", "", BadRow, bridge.Bury, nil},
		{"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "trigger: x", "", BadRow, bridge.Bury, nil},
		{"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "trigger: UNABLE_TO_LOCK_ROW", "", Locked, bridge.RetryAt, nil},
		{"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "System.QueryException: Record Currently Unavailable", "", Locked, bridge.RetryAt, nil},
		{"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Apex CPU time limit exceeded", "", RowLimit, bridge.Retry, nil},
		{"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Too many SOQL queries: 101", "", RowLimit, bridge.Retry, nil},
		{"CANNOT_EXECUTE_FLOW_TRIGGER", "", "", BadRow, bridge.Bury, nil},
		{"STRING_TOO_LONG", "data value too large", "FirstName", BadRow, bridge.Bury, nil},
		{"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value", "", BadRow, bridge.Bury, nil},
		{"INVALID_EMAIL_ADDRESS", "", "Email", BadRow, bridge.Bury, nil},
		{"INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: X.", "", Setup, bridge.RetryAt, nil},
		{"INVALID_FIELD", "Foreign key external ID: 7 not found for field", "", Changed, bridge.RetryAt, ErrNoParent},
		{"MISSING_ARGUMENT", "Id not specified in an update call", "", OurBug, bridge.Bury, nil},
		{"INACTIVE_OWNER_OR_USER", "", "", Changed, bridge.Bury, nil},
		{"CANNOT_UPDATE_CONVERTED_LEAD", "", "", Changed, bridge.Bury, ErrConverted},
		{"ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", "", "", Changed, bridge.Retry, ErrStale},
		{"LICENSE_LIMIT_EXCEEDED", "", "", Setup, bridge.Wait, nil},
		{"STORAGE_LIMIT_EXCEEDED", "", "", Setup, bridge.Wait, nil},
		{"LIMIT_EXCEEDED", "", "", BadRow, bridge.Bury, nil},
		{"MIXED_DML_OPERATION", "", "", OurBug, bridge.Bury, nil},
		{"TERRITORY_REALIGN_IN_PROGRESS", "", "", Transient, bridge.Wait, nil},
		{"UNKNOWN_EXCEPTION", "", "", Transient, bridge.Retry, nil},
		{"ALL_OR_NONE_OPERATION_ROLLED_BACK", "", "", Transient, bridge.Retry, nil},
		{"PACKAGE_LICENSE_REQUIRED", "", "", Setup, bridge.Wait, nil},
		{"NEVER_HEARD_OF", "", "", BadRow, bridge.Bury, nil},
	}
	for _, tt := range tests {
		said := wireError{StatusCode: tt.code, Message: tt.message}
		if tt.fields != "" {
			said.Fields = []string{tt.fields}
		}
		row := batchRow{record: "0035e00000AbCdEAAV"}
		w := row.verdict(bridge.OpUpdate, &saveResult{Errors: []wireError{said}})
		e, ok := asAPIError(w.Err)
		if !ok || e.Class != tt.class || verdict(w.Err) != tt.verdict {
			t.Errorf("%s %q: class %s, verdict %d; want %s, %d", tt.code, tt.message, e.Class, verdict(w.Err), tt.class, tt.verdict)
		}
		if tt.is != nil && !errors.Is(w.Err, tt.is) {
			t.Errorf("%s does not wrap %v", tt.code, tt.is)
		}
		if !strings.Contains(w.Err.Error(), tt.code) || !strings.Contains(w.Err.Error(), tt.message) {
			t.Errorf("%s: lost Salesforce's sentence: %v", tt.code, w.Err)
		}
	}
}

func TestClassify_UnknownOutcomes(t *testing.T) {
	tests := []struct {
		status    int
		code      string
		uncertain bool
	}{
		{500, "UNKNOWN_EXCEPTION", true}, {502, "", true}, {503, "", true}, {504, "", true}, {503, "SERVER_UNAVAILABLE", false},
		{503, "TOO_MANY_APEX_REQUESTS", false}, {400, "UNKNOWN_EXCEPTION", false}, {429, "", false},
	}
	for _, tt := range tests {
		if got := bridge.IsUncertain(judged(opWrite, tt.status, refusal(tt.code, ""))); got != tt.uncertain {
			t.Errorf("%d %s: uncertain %t", tt.status, tt.code, got)
		}
	}
}

func TestClassify_NamesTheRowsInTheWay(t *testing.T) {
	for _, member := range []string{"duplicateResult", "duplicateResut"} {
		body := `[{"errorCode":"DUPLICATES_DETECTED","message":"m","` + member + `":{"matchResults":[{"matchRecords":[{"record":{"Id":"0035e00000AbCdE"}}]}]}}]`
		e, _ := asAPIError(judged(opCreate, 400, body))
		if d := cmp.Diff([]bridge.RecordID{bridge.RecordID(bridge.LongID("0035e00000AbCdE"))}, e.Others); d != "" {
			t.Errorf("%s: %s", member, d)
		}
	}
	e, _ := asAPIError(judged(opCreate, 400, refusal("DUPLICATE_VALUE", "duplicate value found: E__c duplicates value on record with id: 0035e00000AbCdE")))
	if len(e.Others) != 1 || len(e.Others[0]) != 18 {
		t.Errorf("%v", e.Others)
	}
	e, _ = asAPIError(judged(opUpdate, 404, refusal("NOT_FOUND", "The requested resource does not exist")))
	if !errors.Is(e, ErrGone) {
		t.Errorf("a row that is not found: %v", e)
	}
}

func TestClassify_QuotaByItsTextAndByTheUsage(t *testing.T) {
	a := &rest.Answer{Status: 403, Body: []byte(refusal("REQUEST_LIMIT_EXCEEDED", "something new"))}
	e, _ := asAPIError(judgeAnswer(&rest.Call{Op: opQuery}, a, true))
	if e.Class != DailyQuota {
		t.Errorf("class %s at full usage", e.Class)
	}
}

func FuzzClassify(f *testing.F) {
	f.Add(400, refusal("INVALID_FIELD", "No such column"), true)
	f.Add(500, `{"errorCode":"X","message":"y","fields":null}`, false)
	f.Add(403, `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests"},{}]`, false)
	f.Add(200, `[]`, true)
	f.Add(400, `[{"errorCode":"DUPLICATES_DETECTED","duplicateResut":{"matchResults":[{"matchRecords":null}]}}]`, false)
	f.Add(503, "\x00<html>", true)
	f.Fuzz(func(t *testing.T, status int, body string, repeatable bool) {
		for _, op := range []string{opWrite, opUpdate, opQuery} {
			a := &rest.Answer{Status: status, Header: http.Header{}, Body: []byte(body)}
			err := judgeAnswer(&rest.Call{Op: op, Repeatable: repeatable}, a, false)
			if a.OK() {
				if err != nil {
					t.Fatal("an error of a success")
				}
				continue
			}
			e, ok := asAPIError(err)
			if !ok || len(e.Code) > 500 || len(e.Message) > 500 || strings.ContainsAny(err.Error(), "\x00\r") {
				t.Fatalf("%q", err)
			}
			if repeatable && bridge.IsUncertain(err) {
				t.Fatal("a repeatable call is uncertain")
			}
		}
	})
}

func FuzzCollectionsAnswer(f *testing.F) {
	f.Add(`[{"id":"0035e00000AbCdEAAV","success":true,"errors":[],"created":true}]`, 1)
	f.Add(`[{"success":false,"errors":[{"statusCode":"UNABLE_TO_LOCK_ROW","message":"m","fields":[]}]},null]`, 2)
	f.Add(`[{"success":true}]`, 1)
	f.Add(`[{"success":false}]`, 1)
	f.Fuzz(func(t *testing.T, body string, n int) {
		var results []saveResult
		if n < 0 || n > 200 || rest.Decode([]byte(body), &results) != nil {
			return
		}
		b := batch{op: bridge.OpCreate, rows: make([]batchRow, n)}
		written, err := b.read(results)
		if (err == nil) != (len(results) == n) || err != nil && !bridge.IsUncertain(err) {
			t.Fatalf("%d results for %d rows: %v", len(results), n, err)
		}
		for i, w := range written {
			if w.Err == nil && !bridge.IsID(string(w.Record)) && results[i].Success {
				t.Fatalf("row %d is written without an id", i)
			}
		}
		promote(written)
	})
}
