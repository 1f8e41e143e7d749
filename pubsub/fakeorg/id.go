package fakeorg

import "strings"

// idAlphabet holds the digits of a record id in their counting order.
const idAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// checksumAlphabet holds the characters of the three-character suffix of an 18-character id.
const checksumAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

// id18 returns the 18-character form of a 15-character id: each suffix character tells which of five characters are upper case.
func id18(id string) string {
	if len(id) != 15 {
		return id
	}
	var suffix [3]byte
	for group := range suffix {
		bits := 0
		for i := range 5 {
			if c := id[group*5+i]; c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		suffix[group] = checksumAlphabet[bits]
	}
	return id + string(suffix[:])
}

// parseID returns the 18-character form of a 15- or 18-character id and reports whether the text is a well-formed id. An id that lost
// its case on the way, all of it, is repaired by its suffix; one whose case and suffix contradict each other is malformed.
func parseID(text string) (string, bool) {
	if len(text) != 15 && len(text) != 18 {
		return "", false
	}
	for i := range len(text) {
		if strings.IndexByte(idAlphabet, text[i]) < 0 {
			return "", false
		}
	}
	id := id18(text[:15])
	if len(text) == 15 || id == text {
		return id, true
	}
	if text != strings.ToLower(text) && text != strings.ToUpper(text) {
		return "", false
	}
	return repair(strings.ToUpper(text))
}

// repair gives the letters of an upper-case id the case that its suffix tells.
func repair(text string) (string, bool) {
	fixed := []byte(text[:15])
	for group := range 3 {
		bits := strings.IndexByte(checksumAlphabet, text[15+group])
		if bits < 0 {
			return "", false
		}
		for i := range 5 {
			fixed[group*5+i] = setCase(fixed[group*5+i], bits&(1<<i) != 0)
		}
	}
	id := id18(string(fixed))
	return id, id[15:] == text[15:]
}

func setCase(c byte, upper bool) byte {
	switch {
	case upper && c >= 'a' && c <= 'z':
		return c - 'a' + 'A'
	case !upper && c >= 'A' && c <= 'Z':
		return c - 'A' + 'a'
	}
	return c
}

// makeID returns the n-th id of a key prefix; ids are the same in every run.
func makeID(prefix string, n int64) string {
	var digits [9]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = idAlphabet[n%62]
		n /= 62
	}
	return id18(prefix + "5e0" + string(digits[:]))
}
