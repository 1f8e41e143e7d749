package fakeorg

import (
	"strings"
)

type tokenKind int

const (
	tokenEnd    tokenKind = iota
	tokenWord             // a name, a dotted path, or a keyword
	tokenText             // a quoted string, unescaped
	tokenNumber           // a number, a date or a datetime, as written
	tokenSign             // punctuation and operators
)

// token is one word of a query and where it stands.
type token struct {
	kind tokenKind
	text string
	wild []bool // of a quoted string: which characters were escaped, so that LIKE takes them as they are
	at   int
}

func (t token) is(keyword string) bool {
	return t.kind == tokenWord && strings.EqualFold(t.text, keyword)
}

func (t token) sign(text string) bool { return t.kind == tokenSign && t.text == text }

// tokens cuts a query into words.
func tokens(query string) ([]token, *Error) {
	var list []token
	for at := 0; at < len(query); {
		c := query[at]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			at++
		case c == '\'':
			text, end, err := quoted(query, at)
			if err != nil {
				return nil, err
			}
			list = append(list, text)
			at = end
		case isDigit(c) || (c == '-' || c == '+' || c == '.') && at+1 < len(query) && isDigit(query[at+1]):
			end := at + 1
			for end < len(query) && (isWord(query[end]) || strings.IndexByte(".:+-", query[end]) >= 0) {
				end++
			}
			list = append(list, token{kind: tokenNumber, text: query[at:end], at: at})
			at = end
		case isWord(c):
			end := at + 1
			for end < len(query) && (isWord(query[end]) || query[end] == '.' || query[end] == ':') {
				end++
			}
			list = append(list, token{kind: tokenWord, text: query[at:end], at: at})
			at = end
		default:
			sign := signAt(query[at:])
			if sign == "" {
				return nil, malformed(query, at, "unexpected token: '%s'", string([]rune(query[at:])[0]))
			}
			list = append(list, token{kind: tokenSign, text: sign, at: at})
			at += len(sign)
		}
	}
	return append(list, token{kind: tokenEnd, at: len(query)}), nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return c == '_' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func signAt(rest string) string {
	for _, sign := range []string{"!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","} {
		if strings.HasPrefix(rest, sign) {
			return sign
		}
	}
	return ""
}

// quoted reads a string literal and undoes its escapes.
func quoted(query string, start int) (token, int, *Error) {
	var text strings.Builder
	var escaped []bool
	add := func(c byte, was bool) {
		text.WriteByte(c)
		escaped = append(escaped, was)
	}
	for at := start + 1; at < len(query); at++ {
		switch c := query[at]; c {
		case '\'':
			return token{kind: tokenText, text: text.String(), wild: escaped, at: start}, at + 1, nil
		case '\\':
			at++
			if at == len(query) {
				return token{}, 0, malformed(query, start, "unterminated string literal")
			}
			plain, ok := unescape(query[at])
			if !ok {
				return token{}, 0, malformed(query, at, "Illegal character sequence '\\%c' in string literal", query[at])
			}
			add(plain, true)
		default:
			add(c, false)
		}
	}
	return token{}, 0, malformed(query, start, "unterminated string literal")
}

func unescape(c byte) (byte, bool) {
	switch c {
	case 'n', 'N':
		return '\n', true
	case 'r', 'R':
		return '\r', true
	case 't', 'T':
		return '\t', true
	case 'b', 'B':
		return '\b', true
	case 'f', 'F':
		return '\f', true
	case '"', '\'', '\\', '_', '%':
		return c, true
	}
	return 0, false
}

// malformed refuses a query and shows where.
func malformed(query string, at int, format string, args ...any) *Error {
	return pointed("MALFORMED_QUERY", query, at, format, args...)
}

// pointed writes a refusal the way the query parser does: the place, a caret under it, row and column, and the sentence.
func pointed(code, query string, at int, format string, args ...any) *Error {
	e := refuse(code, format, args...)
	at = min(at, len(query))
	row := 1 + strings.Count(query[:at], "\n")
	line := query[strings.LastIndexByte(query[:at], '\n')+1:]
	column := at - (len(query) - len(line))
	line, _, _ = strings.Cut(line, "\n")
	from, to := max(0, column-30), min(len(line), column+30)
	e.Message = "\n" + strings.ToValidUTF8(line[from:to], "?") + "\n" + strings.Repeat(" ", column-from) + "^\nERROR at Row:" + textOf(row) + ":Column:" +
		textOf(column+1) + "\n" + e.Message
	return e
}
