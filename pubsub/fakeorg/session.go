package fakeorg

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"sync"
	"time"
)

// sessionTimeout is how long an unused access token lives; each use begins it anew.
const sessionTimeout = 2 * time.Hour

// sessions are the access tokens given out. They have a lock of their own, so that a stream may ask for its token at any time.
type sessions struct {
	mu     sync.Mutex
	serial int
	tokens map[string]*session
}

type session struct {
	user     string
	instance string // instance_url that came with the token, "" for none
	issued   time.Time
	used     time.Time
}

// issue makes a token for a user, told together with an instance_url.
func (s *sessions) issue(orgID, user, instance string, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	first := sha256.Sum256([]byte(orgID + user + strconv.Itoa(s.serial)))
	second := sha256.Sum256(first[:])
	token := orgID[:15] + "!AQ" + base64.RawURLEncoding.EncodeToString(append(first[:], second[:]...))
	if s.tokens == nil {
		s.tokens = make(map[string]*session)
	}
	s.tokens[token] = &session{user: user, instance: instance, issued: now, used: now}
	return token
}

// find returns the living session of a token and counts as its use.
func (s *sessions) find(token string, now time.Time) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.tokens[token]
	if !ok {
		return session{}, false
	}
	if now.Sub(found.used) > sessionTimeout {
		delete(s.tokens, token)
		return session{}, false
	}
	if now.After(found.used) {
		found.used = now
	}
	return *found, true
}

func (s *sessions) live(token string, now time.Time) bool {
	_, ok := s.find(token, now)
	return ok
}

// revoke ends one session and reports whether it lived; an empty token ends all.
func (s *sessions) revoke(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token == "" {
		clear(s.tokens)
		return true
	}
	_, ok := s.tokens[token]
	delete(s.tokens, token)
	return ok
}

// Revoke ends the session of an access token, or every session where token is empty: the next call with it is answered 401.
func (o *Org) Revoke(token string) { o.auth.revoke(token) }
