package platform

import (
	"fmt"
	"strings"
	"testing"

	"sfbridge/bridge"
)

func TestHolds_IsExactOnceFolded(t *testing.T) {
	for _, c := range []struct {
		have, want bridge.Value
		format     bridge.Format
		ok         bool
	}{
		{bridge.TextValue("+60 12-345 6789"), bridge.TextValue("+60123456789"), bridge.PhoneFormat, true},
		{bridge.TextValue("0060123456789"), bridge.TextValue("+60123456789"), bridge.PhoneFormat, true},
		{bridge.TextValue("+٦٠١٢٣٤٥٦٧٨٩"), bridge.TextValue("+60123456789"), bridge.PhoneFormat, true},
		{bridge.TextValue("+601234567890"), bridge.TextValue("+60123456789"), bridge.PhoneFormat, false},
		{bridge.TextValue("none"), bridge.TextValue("also none"), bridge.PhoneFormat, false},
		{bridge.TextValue("Mei@Example.com "), bridge.TextValue("mei@example.COM"), bridge.EmailFormat, true},
		{bridge.TextValue("mei@example.com"), bridge.TextValue("mei@example.co"), bridge.EmailFormat, false},
		{bridge.TextValue("abc"), bridge.TextValue("ABC"), bridge.PlainFormat, false},
		{bridge.TextValue("12 3"), bridge.TextValue("123"), bridge.PlainFormat, false},
		{bridge.MultiValue([]string{"a@x.y", "b@x.y"}), bridge.TextValue("B@x.y"), bridge.EmailFormat, true},
		{bridge.NullValue(), bridge.NullValue(), bridge.PlainFormat, false},
		{bridge.Value{}, bridge.TextValue("a"), bridge.PlainFormat, false},
	} {
		if Holds(c.have, c.want, c.format) != c.ok {
			t.Errorf("%v %v %q: not %v", c.have, c.want, c.format, c.ok)
		}
	}
}

func TestDigits_KnowsEveryScript(t *testing.T) {
	for _, zero := range []rune{'0', '٠', '۰', '०', '০', '๐', '0', '𝟎', '𝟘', '𝟬', '𞥐'} {
		var b strings.Builder
		for i := range rune(10) {
			b.WriteRune(zero + i)
		}
		if got := Digits(b.String()); got != "0123456789" {
			t.Errorf("%q: %q", b.String(), got)
		}
	}
	if got := Digits("+1 (555) ①②③ x9"); got != "15559" {
		t.Error(got)
	}
}

func TestTraits_NameWhatAnAttributeIs(t *testing.T) {
	tr := &Traits{Name: "x", Custom: "custom.", Attributes: []Attribute{{Name: "firstName"}, {Name: "phone", Format: bridge.PhoneFormat}, {Name: "id", ReadOnly: true}},
		Activities: []bridge.Attribute{"message.text"}}
	if tr.Format("phone") != bridge.PhoneFormat || tr.Format("custom.a") != bridge.PlainFormat {
		t.Error("format")
	}
	for a, ok := range map[bridge.Attribute]bool{"firstName": true, "custom.a b": true, "id": false, "custom.": false, "shoe": false, "message.text": false} {
		if err := tr.CheckWrite(a); (err == nil) != ok {
			t.Errorf("write %s: %v", a, err)
		}
	}
	for _, c := range []struct {
		a     bridge.Attribute
		event string
		ok    bool
	}{{"id", "", true}, {"message.text", "message.received", true}, {"message.text", "", false}, {"first_name", "", false}} {
		if err := tr.CheckRead(c.a, c.event); (err == nil) != c.ok {
			t.Errorf("read %s: %v", c.a, err)
		}
	}
	if err := tr.CheckRead("first_name", ""); !strings.Contains(fmt.Sprint(err), "write firstName") {
		t.Error(err)
	}
}
