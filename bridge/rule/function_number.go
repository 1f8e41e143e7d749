package rule

import (
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

func numberFunctions() []Function {
	const g = "Numbers; write 5.0 where a number is counted with a field's"
	return []Function{
		{g, "number", "number(value, otherwise)",
			"A text as a number; commas between thousands, and digits of other scripts, are understood. The second argument stands for null and for what is no number; without it null stays null, and what is no number is an error.",
			`number("１,234.50")`, "1234.5", 1, 2, false, readNumber},
		{g, "round", "round(number, places)", "Rounded to so many decimal places, the half away from nought; none where they are left out.", `round(2.345, 2)`, "2.35", 1, 2, false, roundNumber},
	}
}

var errNoNumber = errors.New("the value is no number")

func readNumber(c call) (ref.Val, error) {
	f, ok := 0.0, false
	switch v := c.args[0].(type) {
	case types.Double:
		f, ok = float64(v), true
	case types.Int:
		f, ok = float64(v), true
	case types.Null:
		if len(c.args) == 1 {
			return v, nil
		}
	case types.String:
		f, ok = numberOf(strings.ReplaceAll(strings.TrimSpace(plainDigits(string(v))), ",", ""))
	}
	switch {
	case ok:
		return types.Double(f), nil
	case len(c.args) == 2:
		if n, whole := c.args[1].(types.Int); whole {
			return types.Double(n), nil
		}
		return c.args[1], nil
	}
	return nil, errNoNumber
}

// numberOf reads a decimal number; an exponent, infinity and what is not a number are none.
func numberOf(s string) (float64, bool) {
	if s == "" || strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '-' && r != '+' }) >= 0 {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && isFinite(f)
}

func isFinite(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }

func roundNumber(c call) (ref.Val, error) {
	if c.null() {
		return types.NullValue, nil
	}
	places := 0
	if len(c.args) == 2 {
		var err error
		if places, err = c.whole(1); err != nil || places < 0 || places > 15 {
			return nil, errors.New("places are a whole number from 0 to 15")
		}
	}
	v, err := readNumber(call{c.l, c.args[:1]})
	if err != nil {
		return nil, err
	}
	return types.Double(rounded(float64(v.(types.Double)), places)), nil
}

// rounded rounds the decimal form of f, so that 2.345 becomes 2.35 though no binary number is exactly that.
func rounded(f float64, places int) float64 {
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'f', -1, 64))
	if !ok {
		return f
	}
	near, err := strconv.ParseFloat(r.FloatString(places), 64)
	if err != nil {
		return f
	}
	return near
}
