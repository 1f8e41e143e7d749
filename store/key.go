package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sfbridge/bridge"
)

// errMalformed is what a caller of the seam did wrong; no engine ever takes it.
var errMalformed = errors.New("malformed")

func malformed(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, errMalformed)...)
}

func tooLarge(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrTooLarge)...)
}

// ValidKey reports what is wrong with a key: it is empty, too long or holds a byte outside [a-z0-9/_-].
func ValidKey(key string) error {
	if key == "" || len(key) > MaxKey {
		return malformed("key of %d bytes, 1 to %d allowed", len(key), MaxKey)
	}
	for i := range len(key) {
		if c := key[i]; !plain(c) && c != '/' && c != '_' {
			return malformed("key %q has byte %q", key, c)
		}
	}
	return nil
}

func plain(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' }

// idPart makes a Salesforce id a part of a key. The last three of its 18 characters spell the case of the others, so that a correct id in lower case is
// still one id only; anything else is escaped.
func idPart[T ~string](id T) string {
	if s := string(id); checksummed(s) {
		return strings.ToLower(s)
	}
	return escape(string(id))
}

// checksummed reports whether s is an 18-character id whose suffix is right.
// https://help.salesforce.com/s/articleView?id=000385008
func checksummed(s string) bool {
	if len(s) != 18 {
		return false
	}
	for group := range 3 {
		bits := 0
		for i := range 5 {
			c := s[group*5+i]
			switch {
			case c >= 'A' && c <= 'Z':
				bits |= 1 << i
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			default:
				return false
			}
		}
		if s[15+group] != "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits] {
			return false
		}
	}
	return true
}

// maxPlain is how long a name may be to stand in a key as it is.
const maxPlain = 40

// namePart makes any text a part of a key: as it is where it is short and of [a-z0-9-], escaped otherwise.
func namePart[T ~string](name T) string {
	s := string(name)
	if s == "" || len(s) > maxPlain {
		return escape(s)
	}
	for i := range len(s) {
		if !plain(s[i]) {
			return escape(s)
		}
	}
	return s
}

// objectPart makes an object's API name a part of a key; Salesforce does not tell their case apart.
func objectPart(o bridge.Object) string {
	s := strings.ToLower(string(o))
	for i := range len(s) {
		if !plain(s[i]) && s[i] != '_' {
			return escape(s)
		}
	}
	if s == "" || len(s) > 2*maxPlain || s[0] == '_' {
		return escape(s)
	}
	return s
}

// escape is _ and the text in hex, or _h and half a SHA-256 where that would be long. No plain part begins with _.
func escape(s string) string {
	if len(s) <= 20 {
		return "_" + hex.EncodeToString([]byte(s))
	}
	return "_h" + hash(s)
}

// hash is the first half of a SHA-256 in hex.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func seqKey(prefix string, seq uint64) string {
	return string(appendSeqKey(make([]byte, 0, seqKeySize), prefix, seq))
}

// seqKeySize is the length of every key that seqKey makes.
const seqKeySize = 18

// seqKeys are n keys in a row, the first of them that of seq, in one piece of memory.
func seqKeys(prefix string, seq uint64, n int) string {
	b := make([]byte, 0, n*seqKeySize)
	for i := range n {
		b = appendSeqKey(b, prefix, seq+uint64(i))
	}
	return string(b)
}

func appendSeqKey(b []byte, prefix string, seq uint64) []byte {
	b = append(b, prefix...)
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[seq>>shift&15])
	}
	return b
}

func entryKey(id bridge.EntryID) string { return seqKey(prefixEntry, uint64(id)) }

func attemptKey(r ref) string { return fmt.Sprintf("%s-%04x", seqKey(prefixAttempt, r.seq), r.idx) }

// attemptOf reads what attemptKey made.
func attemptOf(key string) (seq uint64, idx int, err error) {
	if seq, err = seqOf(key); err != nil || len(key) != 23 {
		return 0, 0, malformed("key %q names no delivery", key)
	}
	n, err := strconv.ParseUint(key[19:], 16, 16)
	if err != nil {
		return 0, 0, malformed("key %q names no delivery", key)
	}
	return seq, int(n), nil
}

func letterKey(id string) string { return prefixLetter + id }

// seqOf reads the sequence number of a key made by seqKey or attemptKey.
func seqOf(key string) (uint64, error) {
	if len(key) < 18 {
		return 0, malformed("key %q has no sequence number", key)
	}
	n, err := strconv.ParseUint(key[2:18], 16, 64)
	if err != nil {
		return 0, malformed("key %q has no sequence number", key)
	}
	return n, nil
}

func join(parts ...string) string { return strings.Join(parts, "/") }

// The kinds of key; doc.go draws them.
const (
	prefixEntry       = "e/"
	prefixAttempt     = "a/"
	prefixLetter      = "b/"
	prefixDebt        = "d/"
	prefixBreaker     = "f/"
	prefixHole        = "h/"
	prefixIndex       = "i/"
	prefixTrace       = "j/"
	prefixClaim       = "k/"
	prefixLink        = "l/"
	prefixMirror      = "m/"
	prefixOrg         = "o/"
	prefixPosition    = "p/"
	prefixStory       = "s/"
	prefixLater       = "t/"
	prefixUnconfirmed = "u/"
	prefixDedup       = "w/"
	prefixRaw         = "x/"
	prefixBeat        = "c/beat/"
	prefixChunk       = "c/chunk/"
	prefixReread      = "c/reread/"
	keyCursor         = "c/fold"
	keyTraced         = "c/traced"
	keyLayout         = "c/layout"
)

func linkKey(org bridge.OrgID, p bridge.ProjectID, r bridge.RecordID) string {
	return prefixLink + join(idPart(org), namePart(p), "r", idPart(r))
}

func contactPrefix(org bridge.OrgID, p bridge.ProjectID, c bridge.ContactID) string {
	return prefixLink + join(idPart(org), namePart(p), "c", namePart(c), "")
}

func contactKey(l *bridge.Link) string {
	return contactPrefix(l.Org, l.Project, l.Contact) + objectPart(l.Object)
}

func unconfirmedPrefix(org bridge.OrgID, r bridge.RecordID) string {
	return prefixUnconfirmed + join(idPart(org), idPart(r), "")
}

func unconfirmedKey(u *bridge.Unconfirmed) string {
	names := []string{string(u.Field), string(u.Delivery)}
	if u.Try > 0 {
		names = append(names, strconv.Itoa(u.Try))
	}
	return unconfirmedPrefix(u.Org, u.Record) + join(namePart(u.Project), hash(names...))
}

func claimPrefix(org bridge.OrgID, p bridge.ProjectID) string {
	return prefixClaim + join(idPart(org), namePart(p), "")
}

func claimKey(c *bridge.Claim) string { return claimPrefix(c.Org, c.Project) + namePart(c.Identity) }

func mirrorKey(org bridge.OrgID, o bridge.Object, r bridge.RecordID) string {
	return prefixMirror + join(idPart(org), objectPart(o), idPart(r))
}

func positionKey(org bridge.OrgID, t bridge.Topic) string {
	return prefixPosition + join(idPart(org), namePart(t))
}

func breakerKey(o bridge.Outlet) string {
	return prefixBreaker + join(namePart(o.Project), namePart(o.Direction))
}
