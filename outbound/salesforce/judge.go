package salesforce

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// wireError is one error as any resource tells it: errorCode in most, statusCode in save results.
type wireError struct {
	ErrorCode  string   `json:"errorCode"`
	StatusCode string   `json:"statusCode"`
	Message    string   `json:"message"`
	Fields     []string `json:"fields"`
	// Duplicates is misspelt by several API versions.
	Duplicates *wireDuplicates `json:"duplicateResult"`
	Misspelt   *wireDuplicates `json:"duplicateResut"`
}

type wireDuplicates struct {
	MatchResults []struct {
		MatchRecords []struct {
			Record struct {
				ID string `json:"Id"`
			} `json:"record"`
		} `json:"matchRecords"`
	} `json:"matchResults"`
}

func (d *wireDuplicates) records() (ids []bridge.RecordID) {
	if d == nil {
		return nil
	}
	for _, result := range d.MatchResults {
		for _, match := range result.MatchRecords {
			if bridge.IsID(match.Record.ID) {
				ids = append(ids, bridge.RecordID(bridge.LongID(match.Record.ID)))
			}
		}
	}
	return ids
}

// apiError makes the error of one wireError; it is not classified yet.
func (w *wireError) apiError(op string, status int) *APIError {
	e := &APIError{Op: op, Status: status, Code: rest.Clean(w.ErrorCode), Message: rest.Clean(w.Message)}
	if e.Code == "" {
		e.Code = rest.Clean(w.StatusCode)
	}
	for _, f := range w.Fields {
		e.Fields = append(e.Fields, rest.Clean(f))
	}
	if e.Others = w.Duplicates.records(); e.Others == nil {
		e.Others = w.Misspelt.records()
	}
	return e
}

// wireErrors reads an error body: an array, or a lone object. What is neither is no error of the API.
func wireErrors(body []byte) []wireError {
	body = bytes.TrimSpace(body)
	var all []wireError
	if json.Unmarshal(body, &all) == nil {
		return all
	}
	var one wireError
	if json.Unmarshal(body, &one) == nil && (one.ErrorCode != "" || one.StatusCode != "" || one.Message != "") {
		return []wireError{one}
	}
	return nil
}

// foremost is the error that decides: the first of a known code, or else the first.
func foremost(all []wireError) *wireError {
	for i := range all {
		code := all[i].ErrorCode + all[i].StatusCode
		if _, ok := requestCodes[code]; ok {
			return &all[i]
		}
		if _, ok := rowCodes[code]; ok {
			return &all[i]
		}
	}
	if len(all) > 0 {
		return &all[0]
	}
	return &wireError{}
}

// judgeAnswer is the rest client's judge: nil for a success, a marked *APIError for all else.
func judgeAnswer(c *rest.Call, a *rest.Answer, full bool) error {
	if a.OK() {
		return nil
	}
	e := foremost(wireErrors(a.Body)).apiError(c.Op, a.Status)
	e.row = rowOps[c.Op]
	e.wait = rest.RetryAfter(a)
	e.classify(full)
	return settleOutcome(c, a, e)
}

// settleOutcome marks e, and as uncertain where the call may have been carried out all the same.
func settleOutcome(c *rest.Call, a *rest.Answer, e *APIError) error {
	err := e.marked()
	_, refused := e.lookup()
	if !c.Repeatable && a.Status >= 500 && (!refused || e.Class == Transient && e.Code != "SERVER_UNAVAILABLE") {
		return bridge.Uncertain(err)
	}
	return err
}

// loginError is the body of a refusal by the token endpoint.
type loginError struct {
	Code    string `json:"error"`
	Message string `json:"error_description"`
}

// judgeLogin judges the token endpoint's answers. The secret is blotted out of what it says.
func judgeLogin(c *rest.Call, a *rest.Answer, secret string) error {
	if a.OK() {
		return nil
	}
	var said loginError
	if json.Unmarshal(a.Body, &said) != nil || said.Code == "" {
		return rest.JudgeStatus(c, a, "", "")
	}
	blot := func(s string) string {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "<secret>")
		}
		return rest.Clean(s)
	}
	e := &APIError{Op: c.Op, Status: a.Status, Code: blot(said.Code), Message: blot(said.Message), wait: rest.RetryAfter(a)}
	m, ok := oauthCodes[e.Code]
	if !ok {
		m = e.byStatus()
	}
	if strings.Contains(e.Message, "login rate exceeded") {
		m = oauthCodes["rate_limit_exceeded"]
	}
	e.class(m)
	if e.Class == Transient || e.Class == Concurrency {
		return bridge.Unavailable(e, max(e.wait, jitter(maintenanceWait, maintenanceSpread)))
	}
	e.Class = Setup
	return bridge.Unavailable(bridge.Hint(e, "%s", loginRemedy(e)), setupWait)
}

// loginRemedy is what an administrator can do about a refused login.
func loginRemedy(e *APIError) string {
	switch {
	case strings.Contains(e.Message, "not supported on this domain"):
		return "set login_url to the org's My Domain; client credentials are not taken at login.salesforce.com"
	case strings.Contains(e.Message, "no client credentials user"):
		return "name a Run As user in the policies of the external client app"
	}
	return cmp.Or(oauthCodes[e.Code].remedy, remedyOfApp)
}

// asAPIError finds the error of Salesforce in err.
func asAPIError(err error) (*APIError, bool) {
	var e *APIError
	return e, errors.As(err, &e)
}
