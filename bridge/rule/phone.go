package rule

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"

	"sfbridge/bridge"
)

// number is a phone number that was read from a text.
type number struct {
	parsed *phonenumbers.PhoneNumber
	e164   string // without the extension
	ext    string // digits, "" for none
}

// Phone is the E.164 form of a phone number written in any way, digits of other scripts and words around it included; an extension is left out. A number
// without a country is read as one of region (ISO 3166). A text that is no number, that lacks its area code, or whose E.164 form would be read as another
// one, is returned as it is.
func Phone(text, region string) string {
	return (&numbering{region: region}).phone(text)
}

// KnownRegion reports whether region is a country whose phones can be read.
func KnownRegion(region string) bool { return phonenumbers.GetSupportedRegions()[region] }

// readPhone reads a text as one phone number.
func readPhone(text, region string) (number, bool) {
	spelled, ext := separate(plainSpelling(text))
	n, ok := parsePhone(spelled, region)
	if !ok {
		if bare := withoutWords(spelled); bare != spelled {
			n, ok = parsePhone(bare, region)
		}
	}
	if !ok {
		return number{}, false
	}
	if ext != "" {
		n.ext = ext
	}
	if n.e164 == spelled {
		return n, true
	}
	again, ok := parsePhone(n.e164, region)
	return n, ok && again.e164 == n.e164
}

// parsePhone reads a number whose digits are ASCII. A prefix of 00 is understood in every country, unless the country has such a number.
func parsePhone(text, region string) (number, bool) {
	n, ok := parseAs(text, region)
	rest, abroad := strings.CutPrefix(strings.TrimLeft(text, " ("), "00")
	if !abroad || ok && phonenumbers.IsValidNumber(n.parsed) {
		return n, ok
	}
	if there, ok := parseAs("+"+rest, region); ok {
		return there, true
	}
	return n, ok
}

func parseAs(text, region string) (number, bool) {
	n, err := phonenumbers.Parse(mexican(text), region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(n) != phonenumbers.IS_POSSIBLE {
		return number{}, false // possible within its area alone, such as 5550199, is one number in each area
	}
	if lettered(text) && n.GetCountryCode() != 1 || worded(text) && !phonenumbers.IsValidNumber(n) {
		return number{}, false // letters are digits in North America alone, and words may tell of digits that are none of the number
	}
	return number{n, phonenumbers.Format(n, phonenumbers.E164), n.GetExtension()}, true
}

// mobileMexico is a Mexican number with the 1 that mobiles had behind the country's code until 2019. Messaging platforms still tell it.
var mobileMexico = regexp.MustCompile(`^\D*\+\s?52\D?1\D*((?:[0-9]\D*){10})$`)

func mexican(text string) string {
	if !strings.Contains(text, "52") {
		return text
	}
	if m := mobileMexico.FindStringSubmatch(text); m != nil {
		return "+52" + m[1]
	}
	return text
}

// worded reports whether letters stand before the first digit, as in Room 3 012-345 6789, or behind it.
func worded(text string) bool {
	if strings.IndexFunc(text, unicode.IsLetter) < 0 {
		return false
	}
	digit := strings.IndexFunc(text, unicode.IsDigit)
	return digit >= 0 && strings.IndexFunc(text[:digit], unicode.IsLetter) >= 0 || lettered(text)
}

// lettered reports whether letters stand behind the first digit, an extension's name apart.
func lettered(text string) bool {
	if strings.IndexFunc(text, unicode.IsLetter) < 0 {
		return false
	}
	text, _ = phonenumbers.MaybeSeparateExtensionFromPhone(text)
	digit := strings.IndexFunc(text, unicode.IsDigit)
	return digit >= 0 && strings.IndexFunc(text[digit:], unicode.IsLetter) >= 0
}

var (
	// spokenExtension is an extension named in Japanese or Chinese at the end of a number.
	spokenExtension = regexp.MustCompile(`^(.*?)[\s(,、;:]*(?:内線|內線|轉分機|转分机|分機|分机|轉接|转接|轉|转)(?:番号|番號|號碼)?[\s:.#]*([0-9]{1,9})[\s)番號号]*$`)
	// spokenDashes stand between the parts of a number in Japanese.
	spokenDashes = strings.NewReplacer("の", "-", "・", "-", "･", "-", "〜", "~", "ー", "-")
)

// separate takes off an extension that is named in words which the numbering plan's own reader does not know.
func separate(text string) (rest, ext string) {
	if ascii(text) {
		return text, ""
	}
	if m := spokenExtension.FindStringSubmatch(text); m != nil {
		return m[1], m[2]
	}
	return text, ""
}

// withoutWords is the text without words behind the last digit.
func withoutWords(text string) string {
	last := strings.LastIndexFunc(text, unicode.IsDigit)
	return text[:last+1]
}

// plainSpelling is the text with ASCII digits and signs, and without marks that nobody sees.
func plainSpelling(text string) string {
	if len(text) > 4 && strings.EqualFold(text[:4], "tel:") {
		text = text[4:]
	}
	if ascii(text) {
		return text
	}
	text = spokenDashes.Replace(plainDigits(text))
	if strings.IndexFunc(text, unicode.IsDigit) < 0 {
		text = hanDigits.Replace(text)
	}
	return text
}

// plainDigits is the text with ASCII digits in the place of others, full-width signs included, and without marks that nobody sees.
func plainDigits(text string) string {
	if ascii(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case r > unicode.MaxASCII && unicode.IsDigit(r):
			return asciiDigit(r)
		}
		return r
	}, norm.NFKC.String(text))
}

var hanDigits = strings.NewReplacer("〇", "0", "零", "0", "一", "1", "二", "2", "三", "3", "四", "4", "五", "5", "六", "6", "七", "7", "八", "8", "九", "9")

// zeros are the digits nought of the scripts that people write phone numbers in; the others follow each.
const zeros = "٠۰०০੦૦୦௦౦೦൦๐໐༠၀០᠐"

func asciiDigit(r rune) rune {
	for _, zero := range zeros {
		if zero <= r && r <= zero+9 {
			return '0' + r - zero
		}
	}
	return r
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// written is the number in a form. A number of another country than region is written internationally where the national form is asked for: nobody
// could read it back otherwise.
func (n number) written(f bridge.PhoneForm, region string) string {
	switch f {
	case bridge.PhoneDigits:
		return strings.TrimPrefix(n.e164, "+")
	case bridge.PhoneNational:
		if region != "" && int(n.parsed.GetCountryCode()) == phonenumbers.GetCountryCodeForRegion(region) {
			return n.withExtension(phonenumbers.Format(n.bare(), phonenumbers.NATIONAL))
		}
		return n.written(bridge.PhoneInternational, region)
	case bridge.PhoneInternational:
		return n.withExtension(phonenumbers.Format(n.bare(), phonenumbers.INTERNATIONAL))
	default:
		return n.e164
	}
}

// bare is the number without its extension.
func (n number) bare() *phonenumbers.PhoneNumber {
	if n.parsed.Extension == nil {
		return n.parsed
	}
	again, err := phonenumbers.Parse(n.e164, "")
	if err != nil {
		return n.parsed
	}
	return again
}

func (n number) withExtension(s string) string {
	if n.ext == "" {
		return s
	}
	return s + " ext. " + n.ext
}
