package fakeorg

import (
	"strconv"
	"strings"
)

// maxQuery and maxNesting bound a query; the first is Salesforce's, the second keeps the parser's stack small.
const (
	maxQuery   = 100_000
	maxNesting = 64
	maxOffset  = 2000
)

// statement is a parsed query, its names not yet looked up.
type statement struct {
	text    string
	columns []selected
	count   bool // SELECT COUNT()
	from    token
	where   condition
	order   []ordering
	limit   int // -1 for none
	offset  int
}

// selected is one entry of the SELECT list.
type selected struct {
	path     token
	function string // FIELDS or an aggregate, upper case
	alias    string
	child    *statement
}

type ordering struct {
	path      token
	desc      bool
	nullsLast bool
}

// condition is a node of the WHERE clause: one of junction, negation and comparison.
type condition interface {
	bind(b *binder) (filter, *Error)
}

type junction struct {
	any   bool // OR
	parts []condition
}

type negation struct{ part condition }

type comparison struct {
	path     token
	operator string
	values   []token // literals
	list     bool
	sub      *statement
}

// parser walks over the tokens of one query.
type parser struct {
	text  string
	list  []token
	at    int
	depth int
}

// parseQuery reads a query.
func parseQuery(text string) (*statement, *Error) {
	if len(text) > maxQuery {
		return nil, refuse("QUERY_TOO_COMPLICATED", "The query is longer than %d characters", maxQuery)
	}
	list, err := tokens(text)
	if err != nil {
		return nil, err
	}
	p := &parser{text: text, list: list}
	s, err := p.statement()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != tokenEnd {
		return nil, p.unexpected()
	}
	return s, nil
}

func (p *parser) peek() token { return p.list[p.at] }

func (p *parser) next() token {
	t := p.list[p.at]
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

func (p *parser) unexpected() *Error {
	t := p.peek()
	if t.kind == tokenEnd {
		return malformed(p.text, t.at, "unexpected token: '<EOF>'")
	}
	return malformed(p.text, t.at, "unexpected token: '%s'", t.text)
}

// takes consumes a keyword if it is next.
func (p *parser) takes(keyword string) bool {
	if !p.peek().is(keyword) {
		return false
	}
	p.at++
	return true
}

func (p *parser) takesSign(sign string) bool {
	if !p.peek().sign(sign) {
		return false
	}
	p.at++
	return true
}

func (p *parser) want(keyword string) *Error {
	if !p.takes(keyword) {
		return p.unexpected()
	}
	return nil
}

func (p *parser) wantSign(sign string) *Error {
	if !p.takesSign(sign) {
		return p.unexpected()
	}
	return nil
}

// reserved are the words that cannot be names where they would end a clause.
var reserved = map[string]bool{
	"select": true, "from": true, "where": true, "and": true, "or": true, "not": true, "in": true, "like": true, "order": true, "limit": true,
	"offset": true, "group": true, "having": true, "nulls": true,
}

func (p *parser) name() (token, *Error) {
	if t := p.peek(); t.kind == tokenWord && !reserved[strings.ToLower(t.text)] {
		return p.next(), nil
	}
	return token{}, p.unexpected()
}

func (p *parser) enter() *Error {
	if p.depth++; p.depth > maxNesting {
		return malformed(p.text, p.peek().at, "the query is nested too deeply")
	}
	return nil
}

func (p *parser) statement() (*statement, *Error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	s := &statement{text: p.text, limit: -1}
	if err := p.want("SELECT"); err != nil {
		return nil, err
	}
	if err := p.columns(s); err != nil {
		return nil, err
	}
	if err := p.want("FROM"); err != nil {
		return nil, err
	}
	from, err := p.name()
	if err != nil {
		return nil, err
	}
	s.from = from
	if p.takes("WHERE") {
		if s.where, err = p.junction(); err != nil {
			return nil, err
		}
	}
	return s, p.tail(s)
}

func (p *parser) columns(s *statement) *Error {
	for {
		c, err := p.column(s)
		if err != nil {
			return err
		}
		if c != nil {
			s.columns = append(s.columns, *c)
		}
		if !p.takesSign(",") {
			break
		}
	}
	if s.count && len(s.columns) > 0 {
		return malformed(s.text, s.columns[0].path.at, "COUNT() must be the only element in the SELECT list")
	}
	return nil
}

// column reads one entry of the SELECT list; COUNT() is noted in the statement and is no column.
func (p *parser) column(s *statement) (*selected, *Error) {
	if p.takesSign("(") {
		child, err := p.statement()
		if err != nil {
			return nil, err
		}
		return &selected{path: child.from, child: child}, p.wantSign(")")
	}
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	c := &selected{path: name}
	if !p.takesSign("(") {
		return c, nil
	}
	c.function = strings.ToUpper(name.text)
	if c.function == "COUNT" && p.takesSign(")") {
		s.count = true
		return nil, nil
	}
	if c.path, err = p.name(); err != nil {
		return nil, err
	}
	if err := p.wantSign(")"); err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind == tokenWord && !reserved[strings.ToLower(t.text)] {
		c.alias = p.next().text
	}
	return c, nil
}

func (p *parser) tail(s *statement) *Error {
	if p.takes("ORDER") {
		if err := p.want("BY"); err != nil {
			return err
		}
		if err := p.ordering(s); err != nil {
			return err
		}
	}
	var err *Error
	if p.takes("LIMIT") {
		if s.limit, err = p.number(); err != nil {
			return err
		}
	}
	if p.takes("OFFSET") {
		at := p.peek().at
		if s.offset, err = p.number(); err != nil {
			return err
		}
		if s.offset > maxOffset {
			return pointed("NUMBER_OUTSIDE_VALID_RANGE", s.text, at, "Maximum SOQL offset allowed is %d", maxOffset)
		}
	}
	return nil
}

func (p *parser) ordering(s *statement) *Error {
	for {
		name, err := p.name()
		if err != nil {
			return err
		}
		key := ordering{path: name}
		if p.takes("DESC") {
			key.desc = true
		} else {
			p.takes("ASC")
		}
		if p.takes("NULLS") {
			if key.nullsLast = p.takes("LAST"); !key.nullsLast && !p.takes("FIRST") {
				return p.unexpected()
			}
		}
		s.order = append(s.order, key)
		if !p.takesSign(",") {
			return nil
		}
	}
}

func (p *parser) number() (int, *Error) {
	t := p.peek()
	n, err := strconv.Atoi(t.text)
	if t.kind != tokenNumber || err != nil || n < 0 {
		return 0, p.unexpected()
	}
	p.next()
	return n, nil
}

// junction reads conditions tied by AND or by OR; both in one row need parentheses.
func (p *parser) junction() (condition, *Error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	first, err := p.negation()
	if err != nil {
		return nil, err
	}
	word := ""
	parts := []condition{first}
	for p.peek().is("AND") || p.peek().is("OR") {
		if upper := strings.ToUpper(p.peek().text); word == "" {
			word = upper
		} else if upper != word {
			return nil, p.unexpected()
		}
		p.next()
		part, err := p.negation()
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return junction{any: word == "OR", parts: parts}, nil
}

func (p *parser) negation() (condition, *Error) {
	if p.takes("NOT") {
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer func() { p.depth-- }()
		part, err := p.negation()
		if err != nil {
			return nil, err
		}
		return negation{part}, nil
	}
	if p.takesSign("(") {
		part, err := p.junction()
		if err != nil {
			return nil, err
		}
		return part, p.wantSign(")")
	}
	return p.comparison()
}

func (p *parser) comparison() (condition, *Error) {
	path, err := p.name()
	if err != nil {
		return nil, err
	}
	c := comparison{path: path}
	switch t := p.peek(); {
	case t.kind == tokenSign && strings.Contains("= != <> < <= > >=", t.text) && t.text != "(":
		p.next()
		c.operator = strings.Replace(t.text, "<>", "!=", 1)
		literal, err := p.literal()
		c.values = []token{literal}
		return c, err
	case t.is("LIKE"):
		p.next()
		c.operator = "LIKE"
		literal, err := p.literal()
		c.values = []token{literal}
		return c, err
	case t.is("IN"), t.is("INCLUDES"), t.is("EXCLUDES"):
		p.next()
		c.operator = strings.ToUpper(t.text)
	case t.is("NOT"):
		p.next()
		if err := p.want("IN"); err != nil {
			return nil, err
		}
		c.operator = "NOT IN"
	default:
		return nil, p.unexpected()
	}
	err = p.set(&c)
	return c, err
}

// set reads the list or the sub-query behind IN.
func (p *parser) set(c *comparison) *Error {
	if err := p.wantSign("("); err != nil {
		return err
	}
	c.list = true
	if p.peek().is("SELECT") {
		sub, err := p.statement()
		if err != nil {
			return err
		}
		c.sub = sub
		return p.wantSign(")")
	}
	for {
		value, err := p.literal()
		if err != nil {
			return err
		}
		c.values = append(c.values, value)
		if !p.takesSign(",") {
			return p.wantSign(")")
		}
	}
}

func (p *parser) literal() (token, *Error) {
	switch t := p.peek(); t.kind {
	case tokenText, tokenNumber:
		return p.next(), nil
	case tokenWord:
		if t.is("null") || t.is("true") || t.is("false") || dateWord(t.text) != nil {
			return p.next(), nil
		}
		return token{}, malformed(p.text, t.at, "unexpected token: '%s'", t.text)
	}
	return token{}, p.unexpected()
}
