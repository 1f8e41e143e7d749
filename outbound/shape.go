package outbound

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"sfbridge/bridge/jsonwalk"
)

var (
	errNotUTF8    = errors.New("body is not UTF-8")
	errNotJSON    = errors.New("body is not JSON")
	errDeep       = errors.New("body is nested too deeply")
	errDoubledKey = errors.New("body names a key twice")
)

// checkShape refuses what decoders read differently from one another: text that is no UTF-8, deep nesting and doubled keys.
func checkShape(body []byte, depth int) error {
	if !utf8.Valid(body) {
		return errNotUTF8
	}
	end, err := value(body, jsonwalk.Blanks(body, 0), depth)
	if err == nil && jsonwalk.Blanks(body, end) != len(body) {
		err = errNotJSON
	}
	return err
}

// value walks the value that begins at i and answers where it ends. So many may lie in one another.
func value(b []byte, i, depth int) (int, error) {
	switch {
	case jsonwalk.At(b, i, '{'):
		return object(b, i, depth)
	case jsonwalk.At(b, i, '['):
		return array(b, i, depth)
	}
	end := jsonwalk.Scalar(b, i)
	if end == jsonwalk.Bad {
		return 0, errNotJSON
	}
	return end, nil
}

func object(b []byte, i, depth int) (int, error) {
	if depth == 0 {
		return 0, errDeep
	}
	if i = jsonwalk.Blanks(b, i+1); jsonwalk.At(b, i, '}') {
		return i + 1, nil
	}
	var keys keySet
	for {
		name := i
		if i = jsonwalk.Text(b, name); i == jsonwalk.Bad {
			return 0, errNotJSON
		}
		if !keys.add(keyOf(b[name:i])) {
			return 0, errDoubledKey
		}
		if i = jsonwalk.Blanks(b, i); !jsonwalk.At(b, i, ':') {
			return 0, errNotJSON
		}
		end, err := value(b, jsonwalk.Blanks(b, i+1), depth-1)
		if err != nil {
			return 0, err
		}
		if i = jsonwalk.Blanks(b, end); jsonwalk.At(b, i, '}') {
			return i + 1, nil
		}
		if !jsonwalk.At(b, i, ',') {
			return 0, errNotJSON
		}
		i = jsonwalk.Blanks(b, i+1)
	}
}

func array(b []byte, i, depth int) (int, error) {
	if depth == 0 {
		return 0, errDeep
	}
	if i = jsonwalk.Blanks(b, i+1); jsonwalk.At(b, i, ']') {
		return i + 1, nil
	}
	for {
		end, err := value(b, i, depth-1)
		if err != nil {
			return 0, err
		}
		if i = jsonwalk.Blanks(b, end); jsonwalk.At(b, i, ']') {
			return i + 1, nil
		}
		if !jsonwalk.At(b, i, ',') {
			return 0, errNotJSON
		}
		i = jsonwalk.Blanks(b, i+1)
	}
}

// keyOf is the key that a decoder may take the quoted string for: without escapes and, for ids, without regard to case.
func keyOf(quoted []byte) []byte {
	key := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(key, '\\') >= 0 {
		var text string
		if json.Unmarshal(quoted, &text) == nil {
			key = []byte(text)
		}
	}
	if n := len(key); n >= 2 && key[n-2]|0x20 == 'i' && key[n-1]|0x20 == 'd' && !lower(key) {
		key = bytes.ToLower(key)
	}
	return key
}

func lower(key []byte) bool {
	for _, c := range key {
		if c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fewKeys is up to where comparing with every key is cheaper than a map.
const fewKeys = 24

// keySet holds the keys of one object.
type keySet struct {
	few  [fewKeys][]byte
	n    int // of few
	many map[string]bool
}

// add reports whether the key is new.
func (k *keySet) add(key []byte) bool {
	if k.many != nil {
		fresh := !k.many[string(key)]
		k.many[string(key)] = true
		return fresh
	}
	for _, other := range k.few[:k.n] {
		if bytes.Equal(other, key) {
			return false
		}
	}
	if k.n < fewKeys {
		k.few[k.n] = key
		k.n++
		return true
	}
	k.many = make(map[string]bool, 2*fewKeys)
	for _, other := range k.few {
		k.many[string(other)] = true
	}
	k.many[string(key)] = true
	return true
}
