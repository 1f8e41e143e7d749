package fakeorg

import (
	"net/http"
)

type faultRules struct{}

type faultRule struct {
	Status int
	Cut    string
}

const CutBefore, CutAfter = "before", "after"

func (f *faultRules) match(method, path string) *faultRule { return nil }
func (f *faultRule) wait(*http.Request) bool               { return true }
func (f *faultRule) reply() reply                          { return reply{} }

func (t *Tx) fault(o *Object, verb string) *Error           { return nil }
func (t *Tx) tripped(o *Object, rows int) *Error            { return nil }
func (o *Org) control(r *http.Request, path []string) reply { return refusal(notFound()) }
func (o *Org) described(*Object, string) bool               { return false }

type duplicateResult struct{}

func (c *call) duplicates(o *Object, e *Error) *duplicateResult { return nil }
