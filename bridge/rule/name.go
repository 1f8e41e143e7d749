package rule

import (
	"strings"
	"unicode"
)

// DisplayName is a person's name as it is read aloud: the family name first where both parts are written in Han, kana or Hangul, last elsewhere. Han and
// Hangul parts are written together, but with a blank in region JP and where there is kana: nobody could part them again. Either part may be empty.
func DisplayName(first, last, region string) string {
	first, last = strings.TrimSpace(first), strings.TrimSpace(last)
	switch {
	case first == "" || last == "":
		return first + last
	case !eastern(first) || !eastern(last):
		return first + " " + last
	case katakana(first) && katakana(last):
		return first + "・" + last // a name from elsewhere, which keeps its order
	case region == "JP" && !strings.ContainsFunc(last, hangul) || strings.ContainsFunc(first+last, kana):
		return last + " " + first
	default:
		return last + first
	}
}

// SplitName parts a display name into first and last; last is empty only where name is. Where nobody can tell where a name parts, all of it is the last
// name: region JP has family names of one to three characters, and there a Han name without a blank stays whole.
func SplitName(name, region string) (first, last string) {
	name = strings.Join(strings.Fields(strings.ReplaceAll(name, "\u3000", " ")), " ")
	if last, first, ok := strings.Cut(strings.ReplaceAll(name, "，", ","), ","); ok && strings.TrimSpace(first) != "" && strings.TrimSpace(last) != "" && !isSuffix(first) {
		return strings.TrimSpace(first), strings.TrimSpace(last)
	}
	if given, family, ok := cutLast(name, "・", "·"); ok {
		return given, family // a name from elsewhere, in its own order
	}
	words := strings.Split(name, " ")
	switch {
	case !eastern(name):
		return splitWestern(words)
	case len(words) > 1:
		return strings.Join(words[1:], " "), words[0]
	default:
		return splitEastern(name, region)
	}
}

func cutLast(s string, seps ...string) (before, after string, ok bool) {
	for _, sep := range seps {
		if i := strings.LastIndex(s, sep); i > 0 && i+len(sep) < len(s) {
			return s[:i], s[i+len(sep):], true
		}
	}
	return "", "", false
}

// compoundFamilies are the family names of two characters that are borne today.
const compoundFamilies = " 歐陽 欧阳 司馬 司马 諸葛 诸葛 上官 司徒 夏侯 皇甫 尉遲 尉迟 公孫 公孙 慕容 令狐 東方 东方 端木 宇文 長孫 长孙 鍾離 钟离 南宮 南宫 張簡 范姜 남궁 황보 제갈 사공 선우 서문 독고 동방 "

// splitEastern parts a name without a blank: the first character is the family's, or the first two where there is such a family.
func splitEastern(name, region string) (first, last string) {
	runes := []rune(name)
	if len(runes) < 2 || len(runes) > 4 || strings.ContainsFunc(name, kana) || region == "JP" && !strings.ContainsFunc(name, hangul) {
		return "", name
	}
	family := 1
	if len(runes) > 2 && strings.Contains(compoundFamilies, " "+string(runes[:2])+" ") {
		family = 2
	} else if len(runes) == 4 {
		return "", name // two family names, or one that is not known here
	}
	return string(runes[family:]), string(runes[:family])
}

// particles begin a family name of several words.
const particles = " van von de da di du dos das del della der den ter ten la le el al bin binti bint ibn abu mac mc st. san santa af av zu zum "

// splitWestern takes the last word for the family name, with the particles before it and a suffix behind it.
func splitWestern(words []string) (first, last string) {
	from := len(words) - 1
	if from > 1 && isSuffix(words[from]) {
		from--
	}
	for i := 1; i < from; i++ {
		if w := strings.ToLower(words[i]); strings.Contains(particles, " "+w+" ") || w == "a/l" || w == "a/p" || w == "s/o" || w == "d/o" {
			from = i
		}
	}
	return strings.Join(words[:from], " "), strings.Join(words[from:], " ")
}

func isSuffix(word string) bool {
	return strings.Contains(" jr jr. sr sr. ii iii iv phd md ", " "+strings.ToLower(strings.TrimSpace(word))+" ")
}

// eastern reports whether a name is written in a script whose people put the family first.
func eastern(name string) bool {
	letters := false
	for _, r := range name {
		switch {
		case unicode.Is(unicode.Han, r) || kana(r) || hangul(r):
			letters = true
		case unicode.IsLetter(r):
			return false
		}
	}
	return letters
}

func kana(r rune) bool {
	return unicode.In(r, unicode.Hiragana, unicode.Katakana) || r == 'ー'
}

func hangul(r rune) bool { return unicode.Is(unicode.Hangul, r) }

func katakana(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Katakana, r) && r != 'ー' }) < 0
}
