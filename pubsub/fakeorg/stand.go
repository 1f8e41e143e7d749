package fakeorg

import (
	"fmt"
	"net/http"
)

type faultRules struct{}
type cursorSet struct{}
type saveHooks struct{}
type people struct{}

func textOf(v any) string { return fmt.Sprint(v) }

func (o *Org) load() {}

// Handler returns the HTTP face of the org.
func (o *Org) Handler() http.Handler { return http.NotFoundHandler() }
