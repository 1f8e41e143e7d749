package salesforce

import (
	"errors"
	"math/rand/v2"
	"time"

	"sfbridge/bridge"
)

// How long to wait after errors that name no time themselves.
const (
	lockFloor, lockSpread     = 300 * time.Millisecond, 2700 * time.Millisecond
	crowdFloor, crowdSpread   = 5 * time.Second, 25 * time.Second
	setupWait                 = 10 * time.Minute
	quotaWait                 = time.Hour
	sessionWait               = 10 * time.Second
	approvalWait              = time.Hour
	maintenanceWait           = time.Minute
	maintenanceSpread         = time.Minute
	parentFloor, parentSpread = 10 * time.Second, 20 * time.Second
)

func jitter(floor, spread time.Duration) time.Duration { return floor + rand.N(spread) }

// marked is e with its mark for bridge.VerdictOf.
func (e *APIError) marked() error {
	switch e.Class {
	case BadRow, OurBug:
		if e.Code == "ENTITY_IS_LOCKED" {
			return bridge.After(e, approvalWait)
		}
		return bridge.Permanent(e)
	case Locked:
		return bridge.After(e, jitter(lockFloor, lockSpread))
	case Concurrency:
		return bridge.Unavailable(e, max(e.wait, jitter(crowdFloor, crowdSpread)))
	case DailyQuota:
		return bridge.Unavailable(bridge.Hint(e, "wait for the 24 hours to slide, or buy API calls; one call an hour looks whether it is over"), quotaWait)
	case Unauthorised:
		return bridge.Unavailable(e, sessionWait)
	case Setup:
		if e.oneTransfer() {
			return bridge.After(bridge.Hint(e, "%s", e.remedy()), setupWait)
		}
		return bridge.Unavailable(bridge.Hint(e, "%s", e.remedy()), setupWait)
	case Changed:
		return e.markedChange()
	case Transient:
		return e.markedTransient()
	default:
		return e.after()
	}
}

// oneTransfer reports whether the fault lies in what one transfer writes, so that it must not stop the others of the org: its rows wait.
func (e *APIError) oneTransfer() bool {
	switch e.Code {
	case "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "FIELD_NOT_UPDATABLE", "INVALID_TYPE", "NOT_FOUND",
		"INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "TRANSFER_REQUIRES_READ":
		return true
	}
	return false
}

// markedChange: a row that is gone and matches of a duplicate rule do not come right by being repeated, the rest may.
func (e *APIError) markedChange() error {
	switch {
	case errors.Is(e, ErrGone), errors.Is(e, ErrDuplicateRule):
		return bridge.Permanent(e)
	case errors.Is(e, ErrNoParent):
		return bridge.After(e, jitter(parentFloor, parentSpread))
	default:
		return e
	}
}

// markedTransient: a row's own trouble counts for the row; a server that is away counts for nobody.
func (e *APIError) markedTransient() error {
	switch e.Code {
	case "ORG_IN_MAINTENANCE", "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "TERRITORY_REALIGN_IN_PROGRESS":
		return bridge.Unavailable(e, max(e.wait, jitter(maintenanceWait, maintenanceSpread)))
	case "SERVER_UNAVAILABLE", "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE", "PLATFORM_EVENT_PUBLISHING_UNAVAILABLE":
		return bridge.Unavailable(e, e.wait)
	}
	if !e.row && (e.Status < 400 || e.Status == 420 || e.Status == 429 || e.Status > 500) {
		return bridge.Unavailable(e, e.wait)
	}
	return e.after()
}

// after is e, no sooner than the answer asked for.
func (e *APIError) after() error {
	if e.wait > 0 {
		return bridge.After(e, e.wait)
	}
	return e
}

// remedy is what an administrator can do about it.
func (e *APIError) remedy() string {
	switch e.Code {
	case "API_DISABLED_FOR_ORG":
		return "give the run-as user the permission API Enabled, and check that the org's edition has the API"
	case "API_CURRENTLY_DISABLED":
		return "the API of the org is switched off; ask Salesforce support"
	case "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "TRANSFER_REQUIRES_READ":
		return "give the run-as user access to the object and its records by the permission set of the bridge"
	case "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "FIELD_NOT_UPDATABLE":
		return "give the run-as user field-level security on the fields named, or take them out of the transfer"
	case "INVALID_TYPE", "NOT_FOUND":
		return "check the object's API name and the run-as user's access to it"
	case "STORAGE_LIMIT_EXCEEDED":
		return "free data storage in the org"
	case "LICENSE_LIMIT_EXCEEDED":
		return "free a licence in the org"
	case "UNSUPPORTED_API_VERSION":
		return "set api_version to one that the org serves"
	case "CLIENT_NOT_ACCESSIBLE_FOR_USER":
		return "allow the bridge's app under API Access Control"
	case "INVALID_SESSION_ID":
		return "the app's tokens are not meant for the REST API; add the scope api to the app"
	default:
		return "an administrator of the org has to look at the message above"
	}
}
