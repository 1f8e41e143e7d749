package platform

import "fmt"

// Fault is one thing that is wrong in a platform's part of the configuration.
type Fault struct {
	Key    string // below the project's table, such as signing_keys[0]
	Cause  string
	Remedy string
}

// Error names the key, the cause and, on a line of its own, the remedy.
func (f *Fault) Error() string {
	s := f.Key + ": " + f.Cause
	if f.Remedy != "" {
		s += "\n  remedy: " + f.Remedy
	}
	return s
}

// Faultf makes a fault whose cause is formatted.
func Faultf(key, remedy, format string, args ...any) *Fault {
	return &Fault{key, fmt.Sprintf(format, args...), remedy}
}
