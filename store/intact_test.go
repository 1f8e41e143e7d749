package store

import "testing"

func TestIntact_JudgesWhatTheLayersSealed(t *testing.T) {
	val := seal("e/1", []byte("payload"))
	if err := Intact("e/1", val); err != nil {
		t.Error(err)
	}
	if Intact("e/2", val) == nil {
		t.Error("a value under another key is taken")
	}
	val[len(val)-1] ^= 1
	if Intact("e/1", val) == nil {
		t.Error("a damaged value is taken")
	}
	if err := Intact("epoch/journal", []byte("{}")); err != nil {
		t.Errorf("what the engine itself wrote: %v", err)
	}
}
