package outbound

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
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
	if !json.Valid(body) {
		return errNotJSON
	}
	s := shape{body: body, depth: depth, open: make([]level, 0, 8)}
	return s.walk()
}

// shape walks over valid JSON once.
type shape struct {
	body  []byte
	depth int
	open  []level
}

// level is an object or array that has been opened.
type level struct {
	object bool
	key    bool // the next string is a key
	keys   keySet
}

func (s *shape) walk() error {
	for i := 0; i < len(s.body); i++ {
		switch s.body[i] {
		case '{', '[':
			if len(s.open) == s.depth {
				return errDeep
			}
			object := s.body[i] == '{'
			s.open = append(s.open, level{object: object, key: object})
		case '}', ']':
			s.open = s.open[:len(s.open)-1]
		case ',':
			top := &s.open[len(s.open)-1]
			top.key = top.object
		case '"':
			end := stringEnd(s.body, i)
			if !s.text(s.body[i : end+1]) {
				return errDoubledKey
			}
			i = end
		}
	}
	return nil
}

// text takes note of a quoted string and reports whether it may stand where it does.
func (s *shape) text(quoted []byte) bool {
	if len(s.open) == 0 {
		return true
	}
	top := &s.open[len(s.open)-1]
	if !top.key {
		return true
	}
	top.key = false
	return top.keys.add(keyOf(quoted))
}

// stringEnd is the index of the quote that ends the string beginning at i.
func stringEnd(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
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
	if n := len(key); n >= 2 && bytes.EqualFold(key[n-2:], []byte("id")) {
		key = bytes.ToLower(key)
	}
	return key
}

// fewKeys is up to where comparing with every key is cheaper than a map.
const fewKeys = 24

// keySet holds the keys of one object.
type keySet struct {
	few  [][]byte
	many map[string]bool
}

// add reports whether the key is new.
func (k *keySet) add(key []byte) bool {
	if k.many != nil {
		fresh := !k.many[string(key)]
		k.many[string(key)] = true
		return fresh
	}
	for _, other := range k.few {
		if bytes.Equal(other, key) {
			return false
		}
	}
	if k.few == nil {
		k.few = make([][]byte, 0, 8)
	}
	k.few = append(k.few, key)
	if len(k.few) > fewKeys {
		k.many = make(map[string]bool, 2*fewKeys)
		for _, other := range k.few {
			k.many[string(other)] = true
		}
	}
	return true
}
