package respondio_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
	"sfbridge/bridge/platform/respondio/respondiotest"
)

func TestOwnFields_TellsNamesTypesAndValues(t *testing.T) {
	r := newRig(t, respondiotest.Options{CustomFields: []respondiotest.Field{{Name: "score", Type: "number"}, {Name: "level", Type: "list", Allow: []string{"Gold"}}, {Name: "site", Type: "url"}}}, nil)
	got, err := r.OwnFields(t.Context())
	want := []platform.OwnField{
		{Name: "custom.score", Kind: bridge.Number, Type: "number"}, {Name: "custom.level", Kind: bridge.Text, Type: "list", Values: []string{"Gold"}},
		{Name: "custom.site", Kind: bridge.Text, Type: "url"},
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}
