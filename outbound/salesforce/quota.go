package salesforce

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
)

// Usage is what the org said last of its API calls of the past 24 hours. The zero Usage is that nothing was said yet.
type Usage struct {
	Used, Max int
	At        time.Time
}

// Full reports whether the allowance is used up.
func (u Usage) Full() bool { return u.Max > 0 && u.Used >= u.Max }

// limitInfo matches api-usage and not per-app-api-usage.
var limitInfo = regexp.MustCompile(`(?:^|[;,\s])api-usage=([0-9]{1,12})/([0-9]{1,12})`)

// parseUsage reads a Sforce-Limit-Info header.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm
func parseUsage(text string, at time.Time) (Usage, bool) {
	m := limitInfo.FindStringSubmatch(text)
	if m == nil {
		return Usage{}, false
	}
	used, _ := strconv.Atoi(m[1])
	most, _ := strconv.Atoi(m[2])
	return Usage{Used: used, Max: most, At: at}, most > 0
}

// quota keeps the calls under the allowance: while it is used up, one call in quotaWait goes through to look.
type quota struct {
	now     func() time.Time
	reserve int // per cent left to others
	used    prometheus.Gauge
	limit   prometheus.Gauge

	mu     sync.Mutex
	last   Usage
	pace   pace
	shut   bool
	opens  time.Time // when the next call may look
	reason error
}

func newQuota(c Config, d Deps) *quota {
	gauge := func(name, text string) prometheus.Gauge {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sfbridge", Name: name, Help: text}, []string{"org"})
		return registered(d.Registerer, v).WithLabelValues(c.Name)
	}
	return &quota{
		now: d.Now, reserve: c.Reserve,
		used:  gauge("salesforce_api_used", "API calls of the org in the past 24 hours, by all its clients."),
		limit: gauge("salesforce_api_limit", "API calls that the org allows in 24 hours."),
	}
}

// read takes the usage header of an answer and says what is known now.
func (q *quota) read(h http.Header) Usage {
	u, ok := parseUsage(h.Get("Sforce-Limit-Info"), q.now())
	q.mu.Lock()
	defer q.mu.Unlock()
	if ok {
		q.last = u
		q.pace.note(u)
		q.used.Set(float64(u.Used))
		q.limit.Set(float64(u.Max))
	}
	return q.last
}

func (q *quota) usage() Usage {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last
}

// admit refuses a call while the quota is shut, unless it is its turn to look.
func (q *quota) admit(op string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.shut {
		return nil
	}
	now := q.now()
	if !now.Before(q.opens) {
		q.opens = now.Add(quotaWait)
		return nil
	}
	err := fmt.Errorf("%s: %w: %w", op, ErrQuota, q.reason)
	return bridge.Unavailable(bridge.Hint(err, "wait for the 24 hours to slide, buy API calls, or lower the reserve"), q.opens.Sub(now))
}

// settle shuts the quota after a refusal or at the reserve, and opens it after a call that was answered below it.
func (q *quota) settle(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e, refused := asAPIError(err)
	switch {
	case refused && e.Class == DailyQuota:
		q.shutLocked(e)
	case q.last.Max > 0 && q.last.Used >= q.last.Max*(100-q.reserve)/100:
		q.shutLocked(fmt.Errorf("%d of %d calls, %d per cent of which are reserved", q.last.Used, q.last.Max, q.reserve))
	case err == nil || refused:
		q.shut, q.reason = false, nil
	}
}

func (q *quota) shutLocked(reason error) {
	if !q.shut {
		q.opens = q.now().Add(quotaWait)
	}
	q.shut, q.reason = true, reason
}
