package respondio

import (
	"errors"
	"fmt"
	"time"

	"sfbridge/bridge/platform"
	"sfbridge/bridge/rest"
)

// Config is what users write about a workspace, its secrets excepted.
type Config struct {
	BaseURL string        `toml:"base_url"` // of the API
	Rate    float64       `toml:"rate"`     // requests a second of each operation; respond.io allows 5, more by contract
	Timeout time.Duration `toml:"timeout"`  // of one request
	// ClearText and ClearCustom are what empties a field. respond.io does not say which it wants.
	ClearText   string `toml:"clear_text"`   // what empties a field: empty sends "", null sends null
	ClearCustom string `toml:"clear_custom"` // the same of the workspace's own fields
	// SignatureEncodings are tried in turn; respond.io has been seen to send base64.
	SignatureEncodings []string `toml:"signature_encodings"` // of webhook signatures: base64 or hex, tried in turn
	// AllowPlainHTTP lets a base_url of http:// on this machine through, for trials. The file does not say it: the address does.
	AllowPlainHTTP bool `toml:"-"`
}

// The ways to empty a field.
const (
	ClearEmpty = "empty"
	ClearNull  = "null"
)

// Defaults is the configuration of one who writes nothing.
func Defaults() Config {
	return Config{
		BaseURL: "https://api.respond.io/v2", Rate: 5, Timeout: rest.DefaultTimeout,
		ClearText: ClearEmpty, ClearCustom: ClearNull, SignatureEncodings: []string{string(platform.Base64)},
	}
}

// Validate joins all faults, each a *platform.ConfigError.
func (c *Config) Validate() error {
	var faults []error
	blame := func(f *platform.ConfigError) { faults = append(faults, f) }
	if err := rest.CheckBase(c.BaseURL, c.AllowPlainHTTP); err != nil {
		blame(platform.ConfigErrorf("base_url", "write the address of the API, such as https://api.respond.io/v2", "%v", err))
	}
	if !(c.Rate > 0 && c.Rate <= 10_000) {
		blame(platform.ConfigErrorf("rate", "respond.io allows 5 requests a second of each operation", "%v requests a second is no rate", c.Rate))
	}
	if c.Timeout < time.Second || c.Timeout > 5*time.Minute {
		blame(platform.ConfigErrorf("timeout", "write a duration from 1s to 5m", "%v is no sensible timeout", c.Timeout))
	}
	for _, k := range []struct{ key, value string }{{"clear_text", c.ClearText}, {"clear_custom", c.ClearCustom}} {
		if k.value != ClearEmpty && k.value != ClearNull {
			blame(platform.ConfigErrorf(k.key, `write "empty" or "null"`, "%q is not known here", k.value))
		}
	}
	if len(c.SignatureEncodings) == 0 {
		blame(platform.ConfigErrorf("signature_encodings", `write ["base64"]`, "no callback could be verified"))
	}
	for i, e := range c.SignatureEncodings {
		if err := platform.KnownEncoding(platform.Encoding(e)); err != nil {
			blame(platform.ConfigErrorf(fmt.Sprintf("signature_encodings[%d]", i), `write "base64" or "hex"`, "%q: %v", e, err))
		}
	}
	return errors.Join(faults...)
}
