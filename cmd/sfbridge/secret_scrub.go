package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// shortest is the length from which a secret is looked for in what is written; shorter ones would blot out words.
const shortest = 8

// blotter hides every secret that was ever in force, in whatever form it may be written. The nil blotter hides nothing.
type blotter struct {
	mu    sync.Mutex
	forms []string
	all   atomic.Pointer[strings.Replacer]
}

func newBlotter() *blotter { return &blotter{} }

// add has more secrets hidden.
func (b *blotter) add(secrets ...Secret) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range secrets {
		if v := s.Reveal(); len(v) >= shortest {
			b.forms = append(b.forms, formsOf(v)...)
		}
	}
	slices.SortFunc(b.forms, func(x, y string) int { // the longest first: one may hold another
		if len(x) != len(y) {
			return len(y) - len(x)
		}
		return strings.Compare(x, y)
	})
	b.forms = slices.Compact(b.forms)
	pairs := make([]string, 0, 2*len(b.forms))
	for _, f := range b.forms {
		pairs = append(pairs, f, hidden)
	}
	b.all.Store(strings.NewReplacer(pairs...))
}

// formsOf are a secret as it is, and as JSON, Go, addresses, base64 and hexadecimal write it.
func formsOf(v string) []string {
	forms := []string{
		v, url.QueryEscape(v), url.PathEscape(v), strings.Trim(strconv.Quote(v), `"`), hex.EncodeToString([]byte(v)),
		base64.StdEncoding.EncodeToString([]byte(v)), base64.RawStdEncoding.EncodeToString([]byte(v)),
		base64.URLEncoding.EncodeToString([]byte(v)), base64.RawURLEncoding.EncodeToString([]byte(v)),
	}
	for _, html := range []bool{true, false} {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(html)
		if e.Encode(v) == nil {
			forms = append(forms, strings.Trim(strings.TrimSpace(b.String()), `"`))
		}
	}
	return forms
}

// hide is text without secrets.
func (b *blotter) hide(text string) string {
	if b == nil {
		return text
	}
	if r := b.all.Load(); r != nil {
		return r.Replace(text)
	}
	return text
}

// scrubber is the last line of defence: what an error of somebody else's carries is hidden even where nobody thought of it.
type scrubber struct {
	to  io.Writer
	all *blotter
}

// Write writes one line.
func (s *scrubber) Write(b []byte) (int, error) {
	if _, err := io.WriteString(s.to, s.all.hide(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// scrubbed is the console without the secrets that its command comes to know.
func (c *console) scrubbed() *console {
	hides := newBlotter()
	return &console{out: &scrubber{c.out, hides}, err: &scrubber{c.err, hides}, where: c.where, tty: c.tty, hides: hides}
}

// scrubbed is a handler whose answers hold no secret. Copies of the store go as they are: a change would spoil them.
func (v *vault) scrubbed(next http.Handler) http.Handler {
	if v == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/store/backup" {
			w = &scrubbedAnswer{w, v.hides}
		}
		next.ServeHTTP(w, r)
	})
}

// scrubbedAnswer hides secrets in what is answered.
type scrubbedAnswer struct {
	http.ResponseWriter
	hides *blotter
}

// Write writes a part of the answer.
func (s *scrubbedAnswer) Write(b []byte) (int, error) {
	if _, err := s.ResponseWriter.Write([]byte(s.hides.hide(string(b)))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Unwrap is the answer itself, for deadlines and flushing.
func (s *scrubbedAnswer) Unwrap() http.ResponseWriter { return s.ResponseWriter }
