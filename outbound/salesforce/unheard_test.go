package salesforce

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

func TestUnheard_NamesWhatNoEventTells(t *testing.T) {
	org, client := orgClient(t, nil)
	for _, f := range []fakeorg.FieldSeed{{Name: "Grade__c", Type: "string", Length: 10, Formula: true}, {Name: "Veiled__c", Type: "string", Length: 10, Formula: true}} {
		if err := org.AddField("Contact", f, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := org.Hide("Contact", "Veiled__c", true); err != nil {
		t.Fatal(err)
	}
	got, err := client.Unheard(t.Context(), "Contact", []bridge.Field{"Email", "Grade__c", "LastName", "Name", "No__c", "Owner.Name", "Veiled__c"})
	if want := []bridge.Field{"Grade__c", "Name", "Owner.Name"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("unheard are %v, %v, want %v", got, err, want)
	}
}

func TestSpare_LeavesToOthersWhatIsReserved(t *testing.T) {
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	q := newQuota(Config{Name: "main", Reserve: 20}, Deps{Now: func() time.Time { return at }}.withDefaults())
	for used, want := range map[int]bool{0: true, 79_999: true, 80_000: false, 100_000: false} {
		q.last, q.pace = Usage{}, nil
		q.read(http.Header{"Sforce-Limit-Info": {fmt.Sprintf("api-usage=%d/100000", used)}})
		if got := q.spare(); got != want {
			t.Errorf("with %d of 100,000 used, room to spare is %v", used, got)
		}
	}
	q.last, q.pace, q.shut = Usage{}, nil, true
	if q.spare() {
		t.Error("no call is let through, and there is room to spare")
	}
}
