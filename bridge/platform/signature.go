package platform

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"sfbridge/bridge"
)

// Encoding is how the bytes of a signature are written.
type Encoding string

// The encodings: base64 is the standard alphabet with padding, hex is in lower case.
const (
	Base64 Encoding = "base64"
	Hex    Encoding = "hex"
)

// Encodings lists them.
func Encodings() []Encoding { return []Encoding{Base64, Hex} }

// maxSignatures is how many signatures of one callback are looked at: a rotation needs two or three.
const maxSignatures = 10

// MinSecret is the least number of bytes of a secret that signs callbacks.
const MinSecret = 24

// CheckSecret reports why s may not be used to verify callbacks.
func CheckSecret(s string) error {
	if len(s) < MinSecret {
		return bridge.Hint(fmt.Errorf("the secret has %d bytes and could be guessed", len(s)), "use one of at least %d bytes", MinSecret)
	}
	return nil
}

// HMACSHA256 is the HMAC-SHA-256 of the parts one after the other.
// https://www.rfc-editor.org/rfc/rfc2104
func HMACSHA256(secret string, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// Encode writes a signature down.
func (e Encoding) Encode(sum []byte) string {
	if e == Hex {
		return hex.EncodeToString(sum)
	}
	return base64.StdEncoding.EncodeToString(sum)
}

// decode reads a signature of exactly the form that Encode writes; ok is false for any other.
func (e Encoding) decode(s string) (sum []byte, ok bool) {
	if len(s) > 2*sha256.Size {
		return nil, false
	}
	var err error
	if e == Hex {
		sum, err = hex.DecodeString(s)
	} else {
		sum, err = base64.StdEncoding.Strict().DecodeString(s)
	}
	return sum, err == nil && len(sum) == sha256.Size && e.Encode(sum) == s
}

// Verify reports whether any of the signatures, in any of the encodings, is the HMAC-SHA-256 of the parts under any of the secrets. All secrets are
// tried and at most ten signatures are looked at; an empty secret signs nothing. Its errors wrap bridge.ErrUnauthentic.
func Verify(signatures []string, encodings []Encoding, secrets []string, parts ...[]byte) error {
	sums := make([][]byte, 0, len(secrets))
	for _, s := range secrets {
		if s != "" {
			sums = append(sums, HMACSHA256(s, parts...))
		}
	}
	if len(sums) == 0 {
		return fmt.Errorf("%w: no secret is configured", bridge.ErrUnauthentic)
	}
	if len(signatures) == 0 {
		return fmt.Errorf("%w: there is none", bridge.ErrUnauthentic)
	}
	match := 0
	for _, s := range signatures[:min(len(signatures), maxSignatures)] {
		for _, e := range encodings {
			got, ok := e.decode(s)
			if !ok {
				continue
			}
			for _, sum := range sums {
				match |= subtle.ConstantTimeCompare(got, sum)
			}
		}
	}
	if match == 0 {
		return bridge.ErrUnauthentic
	}
	return nil
}

// CheckTimestamp reports whether a signed timestamp, a count of units since 1970 in plain digits, lies within the tolerance of now, both ways.
// Its errors wrap bridge.ErrUnauthentic.
func CheckTimestamp(text string, unit time.Duration, now time.Time, tolerance time.Duration) error {
	if !digits(text) || len(text) > 18 || unit <= 0 {
		return fmt.Errorf("%w: the timestamp cannot be read", bridge.ErrUnauthentic)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > int64(1<<62)/int64(unit) {
		return fmt.Errorf("%w: the timestamp cannot be read", bridge.ErrUnauthentic)
	}
	if off := now.Sub(time.Unix(0, n*int64(unit))); off > tolerance || off < -tolerance {
		return fmt.Errorf("%w: the timestamp is more than %s off", bridge.ErrUnauthentic, tolerance)
	}
	return nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// KnownEncoding reports why e is no encoding.
func KnownEncoding(e Encoding) error {
	if !slices.Contains(Encodings(), e) {
		return errors.New("it is neither base64 nor hex")
	}
	return nil
}
