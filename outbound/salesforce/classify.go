package salesforce

import (
	"regexp"
	"strings"

	"sfbridge/bridge"
)

// classify gives e its class and cause: by what only the message tells apart, then by code, then by status. Full reports that the usage header says
// that the daily calls are used up.
func (e *APIError) classify(full bool) {
	m, ok := e.lookup()
	if !ok {
		m = e.byStatus()
	}
	e.class(m)
	e.byMessage(full)
	e.Others = othersIn(e)
}

func (e *APIError) class(m meaning) {
	e.Class, e.cause, e.lasting, e.remedyOf = m.class, m.cause, m.lasting, m.remedy
}

// lookup finds the code.
func (e *APIError) lookup() (meaning, bool) { return meaningOf(e.Code, e.row) }

// byStatus classifies a code that we do not know.
func (e *APIError) byStatus() meaning {
	if e.row && e.Status < 400 {
		return meaning{class: BadRow}
	}
	switch s := e.Status; {
	case s == 300:
		return meaning{class: BadRow}
	case s == 401:
		return meaning{class: Unauthorised}
	case s == 403, s == 410:
		return meaning{class: Setup}
	case s == 404 && e.row:
		return meaning{class: Changed, cause: ErrGone}
	case s == 404:
		return meaning{class: Setup}
	case s == 409:
		return meaning{class: Restart}
	case s == 412:
		return meaning{class: Changed, cause: ErrStale}
	case s == 420, s == 429, s >= 500, s < 400:
		return meaning{class: Transient}
	case s == 400:
		return meaning{class: BadRow}
	default:
		return meaning{class: OurBug}
	}
}

// byMessage tells apart what shares a code. These are the only texts that are ever matched.
func (e *APIError) byMessage(full bool) {
	says := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(e.Message, p) {
				return true
			}
		}
		return false
	}
	switch e.Code {
	case "INVALID_SESSION_ID":
		if says("not valid for use with the REST API") {
			e.class(meaning{class: Setup, remedy: "the app's tokens are not meant for the REST API; add the scope api to the app"})
		}
	case "REQUEST_LIMIT_EXCEEDED":
		if says("TotalRequests") || full && !says("Concurrent") {
			e.class(meaning{class: DailyQuota})
		}
	case "LIMIT_EXCEEDED", "EXCEEDED_QUOTA":
		if !e.row && e.Status != 403 {
			e.class(meaning{class: OurBug})
		}
	case "INVALID_FIELD":
		if says("Foreign key external ID") {
			e.class(meaning{class: Changed, cause: ErrNoParent, remedy: "the record points to one that there is not yet; the bridge tries again"})
		} else if says("Id field should not be specified") {
			e.class(meaning{class: OurBug})
		}
	case "JSON_PARSER_ERROR":
		if says("Cannot deserialize instance of") {
			e.class(meaning{class: BadRow, remedy: requestCodes["JSON_PARSER_ERROR"].remedy})
		}
	case "INVALID_CROSS_REFERENCE_KEY":
		if e.row && len(e.Fields) == 0 {
			e.class(meaning{class: Changed, cause: ErrGone, remedy: rowCodes["MISSING_RECORD"].remedy})
		}
	case "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "FLOW_EXCEPTION":
		if says("UNABLE_TO_LOCK_ROW", "Record Currently Unavailable") {
			e.class(meaning{class: Locked})
		} else if says("Apex CPU time limit", "Too many SOQL") {
			e.class(meaning{class: RowLimit})
		}
	}
}

// isShared reports whether the code names a lack of rights where every row of a call has it.
func (e *APIError) isShared() bool { return e.row && rowCodes[e.Code].shared }

var idInMessage = regexp.MustCompile(`\bid: ([A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)\b`)

// othersIn adds the row that the sentence of DUPLICATE_VALUE names.
func othersIn(e *APIError) []bridge.RecordID {
	if e.Code != "DUPLICATE_VALUE" || len(e.Others) > 0 {
		return e.Others
	}
	if m := idInMessage.FindStringSubmatch(e.Message); m != nil {
		return []bridge.RecordID{bridge.RecordID(bridge.LongID(m[1]))}
	}
	return nil
}
