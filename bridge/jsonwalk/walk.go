package jsonwalk

import "encoding/binary"

// MaxDepth is how deep arrays and objects may lie in one another, as in encoding/json.
const MaxDepth = 10_000

// Bad is where a step leads that meets something else than JSON.
const Bad = -1

// Valid reports whether b is one JSON value with nothing but blanks around it.
func Valid(b []byte) bool {
	end := Value(b, Blanks(b, 0))
	return end != Bad && Blanks(b, end) == len(b)
}

// Blanks answers where the blanks that begin at i end; it may be the end of b.
func Blanks(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// At reports whether c stands at i.
func At(b []byte, i int, c byte) bool { return uint(i) < uint(len(b)) && b[i] == c }

// Value answers where the value that begins at i ends, or Bad.
func Value(b []byte, i int) int { return value(b, i, 0) }

func value(b []byte, i, depth int) int {
	if uint(i) >= uint(len(b)) {
		return Bad
	}
	switch b[i] {
	case '{', '[':
		if depth == MaxDepth {
			return Bad
		}
		return members(b, i, depth+1)
	default:
		return Scalar(b, i)
	}
}

// members steps over an object or an array.
func members(b []byte, i, depth int) int {
	object, last := b[i] == '{', b[i]+2 // '}' and ']' are two behind what they close
	if i = Blanks(b, i+1); At(b, i, last) {
		return i + 1
	}
	for {
		if object {
			if i = Name(b, i); i == Bad {
				return Bad
			}
		}
		if i = value(b, i, depth); i == Bad {
			return Bad
		}
		i = Blanks(b, i)
		switch {
		case At(b, i, last):
			return i + 1
		case !At(b, i, ','):
			return Bad
		}
		i = Blanks(b, i+1)
	}
}

// Name steps over a name that begins at i and the colon behind it, and answers where the value begins, or Bad.
func Name(b []byte, i int) int {
	if i = Text(b, i); i == Bad {
		return Bad
	}
	if i = Blanks(b, i); !At(b, i, ':') {
		return Bad
	}
	return Blanks(b, i+1)
}

// Scalar answers where the text, number or word that begins at i ends, or Bad.
func Scalar(b []byte, i int) int {
	if uint(i) >= uint(len(b)) {
		return Bad
	}
	switch b[i] {
	case '"':
		return Text(b, i)
	case 't':
		return word(b, i, "true")
	case 'f':
		return word(b, i, "false")
	case 'n':
		return word(b, i, "null")
	default:
		return number(b, i)
	}
}

func word(b []byte, i int, w string) int {
	if len(b)-i < len(w) || string(b[i:i+len(w)]) != w {
		return Bad
	}
	return i + len(w)
}

// plain are the bytes that stand for themselves in a text.
func plain(c byte) bool { return c >= ' ' && c != '"' && c != '\\' }

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// plains answers how many of the bytes from i on are plain at least, eight at a time.
func plains(b []byte, i int) int {
	n := i
	for ; len(b)-n >= 8; n += 8 {
		x := binary.LittleEndian.Uint64(b[n:])
		quote, back := x^('"'*ones), x^('\\'*ones)
		if ((x-' '*ones)&^x|(quote-ones)&^quote|(back-ones)&^back)&tops != 0 {
			break
		}
	}
	return n - i
}

// Text answers where the quoted text that begins at i ends, its quotes included, or Bad.
func Text(b []byte, i int) int {
	if !At(b, i, '"') {
		return Bad
	}
	i++
	for i += plains(b, i); i < len(b); i++ {
		switch c := b[i]; {
		case plain(c):
		case c == '"':
			return i + 1
		case c != '\\':
			return Bad
		default:
			if i = escape(b, i+1); i == Bad {
				return Bad
			}
		}
	}
	return Bad
}

// escape answers where the escape ends of which the first byte behind the backslash stands at i: its last byte, or Bad.
func escape(b []byte, i int) int {
	if i >= len(b) {
		return Bad
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i
	case 'u':
		if len(b)-i < 5 {
			return Bad
		}
		for _, c := range b[i+1 : i+5] {
			if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
				return Bad
			}
		}
		return i + 4
	default:
		return Bad
	}
}

func number(b []byte, i int) int {
	if At(b, i, '-') {
		i++
	}
	if At(b, i, '0') {
		i++
	} else if i = digits(b, i); i == Bad {
		return Bad
	}
	if At(b, i, '.') {
		if i = digits(b, i+1); i == Bad {
			return Bad
		}
	}
	if At(b, i, 'e') || At(b, i, 'E') {
		i++
		if At(b, i, '+') || At(b, i, '-') {
			i++
		}
		return digits(b, i)
	}
	return i
}

// digits steps over at least one digit.
func digits(b []byte, i int) int {
	from := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	if i == from {
		return Bad
	}
	return i
}
