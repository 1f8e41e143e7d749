package salesforce

import (
	"strconv"
	"strings"
)

// maxExponent bounds how far a decimal point is moved; Salesforce's numbers have 18 digits.
const maxExponent = 64

// decimal writes a JSON number without exponent and superfluous zeros, digit by digit: 64-bit ids and amounts never pass through a float.
func decimal(text string) (string, bool) {
	negative := strings.HasPrefix(text, "-")
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(strings.TrimPrefix(text, "-")), "e")
	shift := 0
	if hasExponent {
		n, err := strconv.Atoi(exponent)
		if err != nil || n < -maxExponent || n > maxExponent {
			return "", false
		}
		shift = n
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole == "" || !digits(whole) || !digits(fraction) || strings.HasSuffix(mantissa, ".") {
		return "", false
	}
	point := len(whole) + shift
	all := whole + fraction
	if point < 0 {
		all, point = strings.Repeat("0", -point)+all, 0
	}
	if point > len(all) {
		all += strings.Repeat("0", point-len(all))
	}
	whole, fraction = strings.TrimLeft(all[:point], "0"), strings.TrimRight(all[point:], "0")
	if whole == "" {
		whole = "0"
	}
	out := whole
	if fraction != "" {
		out += "." + fraction
	}
	if negative && out != "0" {
		out = "-" + out
	}
	return out, true
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
