package bridge

import "testing"

func TestLongID_FollowsTheChecksum(t *testing.T) {
	for short, long := range map[string]string{
		"00D5e0000012345": "00D5e0000012345EAA", "001000000000000": "001000000000000AAA", "ABCDEabcdeAbCdE": "ABCDEabcdeAbCdE5AV", "x": "x",
	} {
		if got := LongID(short); got != long {
			t.Errorf("%s: %s, want %s", short, got, long)
		}
	}
}

func TestIsID_KnowsTheFormAndTheChecksum(t *testing.T) {
	for text, want := range map[string]bool{
		"00D5e0000012345": true, "00D5e0000012345EAA": true, "00D5e0000012345EAB": false, "00d5e0000012345EAA": false, "00D5e000001234-": false, "": false,
		"00D5e0000012345EA": false,
	} {
		if got := IsID(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
