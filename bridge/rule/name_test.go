package rule_test

import (
	"testing"

	"sfbridge/bridge/rule"
)

func TestSplitName_KnowsScriptsThatPutTheFamilyFirst(t *testing.T) {
	for _, c := range []struct{ name, region, first, last string }{
		{"Mei Tan", "", "Mei", "Tan"}, {"Anna Maria Rossi", "", "Anna Maria", "Rossi"}, {"Tan, Mei Ling", "", "Mei Ling", "Tan"}, {"Cher", "", "", "Cher"},
		{"", "", "", ""}, {"  Mei   Tan ", "", "Mei", "Tan"}, {"Ludwig van Beethoven", "", "Ludwig", "van Beethoven"}, {"Charles de la Tour", "", "Charles", "de la Tour"},
		{"Ahmad bin Abdullah", "MY", "Ahmad", "bin Abdullah"}, {"Raj a/l Kumar", "MY", "Raj", "a/l Kumar"}, {"Martin King Jr.", "", "Martin", "King Jr."},
		{"Sammy Davis, Jr.", "", "Sammy", "Davis, Jr."}, {"de Gaulle", "", "de", "Gaulle"},
		{"王小明", "TW", "小明", "王"}, {"歐陽娜娜", "TW", "娜娜", "歐陽"}, {"欧阳修", "CN", "修", "欧阳"}, {"王明", "TW", "明", "王"}, {"張簡美玲", "TW", "美玲", "張簡"},
		{"王 小明", "TW", "小明", "王"}, {"張陳小明", "TW", "", "張陳小明"}, {"王", "TW", "", "王"},
		{"山田 太郎", "JP", "太郎", "山田"}, {"山田　太郎", "JP", "太郎", "山田"}, {"山田太郎", "JP", "", "山田太郎"}, {"林修", "JP", "", "林修"}, {"やまだ たろう", "JP", "たろう", "やまだ"},
		{"ジョン・スミス", "JP", "ジョン", "スミス"}, {"さくら", "JP", "", "さくら"}, {"김철수", "KR", "철수", "김"}, {"남궁민수", "KR", "민수", "남궁"}, {"김 철수", "KR", "철수", "김"},
		{"王小明 Ming", "TW", "王小明", "Ming"},
	} {
		if first, last := rule.SplitName(c.name, c.region); first != c.first || last != c.last {
			t.Errorf("%q in %q parts into %q and %q, want %q and %q", c.name, c.region, first, last, c.first, c.last)
		}
	}
}

func TestDisplayName_IsWhatSplitNameParts(t *testing.T) {
	for _, c := range []struct{ first, last, region, want string }{
		{"Mei", "Tan", "", "Mei Tan"}, {"小明", "王", "TW", "王小明"}, {"娜娜", "歐陽", "TW", "歐陽娜娜"}, {"철수", "김", "KR", "김철수"}, {"ジョン", "スミス", "JP", "ジョン・スミス"}, {"太郎", "山田", "JP", "山田 太郎"}, {"はな", "高橋", "TW", "高橋 はな"},
		{"Ming", "王", "TW", "Ming 王"}, {"", "Tan", "", "Tan"}, {"Mei", "", "", "Mei"}, {"", "", "", ""}, {"Ludwig", "van Beethoven", "", "Ludwig van Beethoven"},
	} {
		got := rule.DisplayName(c.first, c.last, c.region)
		if got != c.want {
			t.Errorf("%q and %q read %q, want %q", c.first, c.last, got, c.want)
		}
		if c.first == "" || c.last == "" {
			continue
		}
		if first, last := rule.SplitName(got, c.region); first != c.first || last != c.last {
			t.Errorf("%q parts into %q and %q again, want %q and %q", got, first, last, c.first, c.last)
		}
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"Mei Tan", "王小明", "ジョン・スミス", "a,b", ",", "・", "Sammy Davis, Jr."} {
		f.Add(s, "TW")
	}
	f.Fuzz(func(t *testing.T, name, region string) {
		first, last := rule.SplitName(name, region)
		if rule.DisplayName(first, last, region) == "" != (rule.DisplayName("", name, region) == "") || last == "" && first != "" {
			t.Errorf("%q parts into %q and %q", name, first, last)
		}
	})
}
