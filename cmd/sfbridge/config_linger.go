package main

import "time"

// lingerAuto has the linger follow the calls that a day is forecast to use.
const lingerAuto = "auto"

// longestLinger bounds what may be configured: a row that waits holds its record.
const longestLinger = time.Minute

// linger is the fixed linger of the org, nil for auto.
func (o *OrgConfig) linger() (*time.Duration, error) {
	if o.Linger == lingerAuto {
		return nil, nil
	}
	d, err := time.ParseDuration(o.Linger)
	if err != nil {
		return nil, err
	}
	return &d, nil
}
