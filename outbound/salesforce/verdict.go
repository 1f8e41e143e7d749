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
			return bridge.After(e.hinted(), approvalWait)
		}
		return bridge.Permanent(e.hinted())
	case Locked:
		return bridge.After(e, jitter(lockFloor, lockSpread))
	case Concurrency:
		return bridge.Unavailable(e, max(e.wait, jitter(crowdFloor, crowdSpread)))
	case DailyQuota:
		return bridge.Unavailable(e.hinted(), quotaWait)
	case Unauthorised:
		return bridge.Unavailable(e, sessionWait)
	case Setup:
		if e.oneTransfer() {
			return bridge.After(e.hinted(), setupWait)
		}
		return bridge.Unavailable(e.hinted(), setupWait)
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
	case errors.Is(e, ErrGone), errors.Is(e, ErrDuplicateRule), e.lasting:
		return bridge.Permanent(e.hinted())
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

// Remedy is what an operator can do about it, or what the bridge does by itself.
func (e *APIError) Remedy() string {
	if e.remedyOf != "" {
		return e.remedyOf
	}
	return classRemedies[e.Class]
}

// hinted is e with its remedy.
func (e *APIError) hinted() error { return bridge.Hint(e, "%s", e.Remedy()) }
