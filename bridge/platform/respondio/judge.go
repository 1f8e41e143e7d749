package respondio

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// refusal is the body of an answer that is no 2xx: code and message, each of any type.
type refusal struct {
	Code    json.RawMessage `json:"code"`
	Message json.RawMessage `json:"message"`
}

// judge says what an answer of respond.io means.
func judge(c *rest.Call, a *rest.Answer) error {
	if a.OK() {
		return nil
	}
	var r refusal
	spoken := rest.Decode(a.Body, &r) == nil && len(r.Code) > 0 && len(r.Message) > 0
	err := rest.JudgeStatus(c, a, words(r.Code), words(r.Message))
	if a.Status == http.StatusNotFound && !spoken {
		return bridge.Unavailable(errors.New(err.Error()+": not respond.io's own answer; is base_url right?"), 0)
	}
	return err
}

// words makes text of what may be a string, a number or a list.
func words(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return strings.Trim(string(raw), `[]"`)
}

// statusOf is the HTTP status behind an error, 0 for none.
func statusOf(err error) int {
	var s *rest.StatusError
	if errors.As(err, &s) {
		return s.Status
	}
	return 0
}
