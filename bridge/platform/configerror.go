package platform

import "fmt"

// ConfigError is one thing that is wrong in a platform's part of the configuration.
type ConfigError struct {
	Key    string // below the project's table, such as signing_keys[0]
	Cause  string
	Remedy string
}

// Error names the key, the cause and, on a line of its own, the remedy.
func (e *ConfigError) Error() string {
	s := e.Key + ": " + e.Cause
	if e.Remedy != "" {
		s += "\n  remedy: " + e.Remedy
	}
	return s
}

// ConfigErrorf makes a ConfigError whose cause is formatted.
func ConfigErrorf(key, remedy, format string, args ...any) *ConfigError {
	return &ConfigError{key, fmt.Sprintf(format, args...), remedy}
}
