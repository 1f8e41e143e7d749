package salesforce

import "time"

// How long rows wait for company, by the calls of a day.
const (
	lingerFrom = 0.5              // of the allowance: below it calls are not worth saving
	lingerStep = 0.25             // of the allowance costs a second more
	longLinger = 10 * time.Second // and no longer, whatever is forecast
	paceOver   = time.Hour        // the pace of calls is what this long has added
	paceEvery  = time.Minute
)

// pace is what the usage header said in the past hour, oldest first, at most one a minute. Its zero value knows nothing.
type pace []Usage

func (p *pace) note(u Usage) {
	all := *p
	for len(all) > 1 && u.At.Sub(all[1].At) >= paceOver {
		all = all[1:]
	}
	if len(all) == 0 || u.At.Sub(all[len(all)-1].At) >= paceEvery {
		all = append(all, u)
	}
	*p = all
}

// forecast is what share of the allowance 24 hours will have used: what they have now, or 24 times what the last hour added, whichever is more.
func (p pace) forecast(now Usage) float64 {
	if now.Max <= 0 {
		return 0
	}
	used := now.Used
	if len(p) > 0 && now.At.Sub(p[0].At) < 2*paceOver {
		used = max(used, 24*(now.Used-p[0].Used))
	}
	return float64(used) / float64(now.Max)
}

// lingerAt is how long a row waits for company where that share of the allowance is forecast.
func lingerAt(share float64) time.Duration {
	if share <= lingerFrom {
		return 0
	}
	return min(time.Duration((share-lingerFrom)/lingerStep*float64(time.Second)), longLinger)
}

// Linger is how long a row shall wait for company before a call that has room: the fixed one of the configuration; else nothing while less than half the
// daily calls are forecast to be used, one second at three quarters, two at all of them.
func (c *Client) Linger() time.Duration {
	if c.config.Linger != nil {
		return *c.config.Linger
	}
	return c.meter.linger()
}

func (q *quota) linger() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return lingerAt(q.pace.forecast(q.last))
}
