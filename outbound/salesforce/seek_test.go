package salesforce

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// lookUps are for one person by key, e-mail and phone, and for a lead that is not converted.
func lookUps(i int) []bridge.LookUp {
	mail, phone := text("Email", fmt.Sprintf("mei.%d@example.com", i)), text("Phone", fmt.Sprintf("+6012%07d", i))
	lead := text("Email", fmt.Sprintf("mei.%d@example.com", i))
	lead["IsConverted"] = bridge.BoolValue(false)
	return []bridge.LookUp{lookUp("Contact", text("Bridge__c", fmt.Sprint("k", i))), lookUp("Contact", mail), lookUp("Contact", phone), lookUp("Lead", lead)}
}

func lookUp(o bridge.Object, by bridge.Fields) bridge.LookUp {
	return bridge.LookUp{Object: o, By: by, Limit: 2}
}

// known are contacts with the e-mail of every third, the phone of every fifth and the key of every seventh person; every fourth is a lead too, and half of
// those are converted.
func known(t *testing.T, org *fakeorg.Org, people int) (want [][][]bridge.RecordID) {
	t.Helper()
	add := func(to *[]bridge.RecordID, values map[string]any) {
		values["LastName"] = "Müller"
		*to = append(*to, contact(t, org, values))
	}
	for i := range people {
		found := [][]bridge.RecordID{{}, {}, {}, {}}
		ls := lookUps(i)
		if i%3 == 0 {
			add(&found[1], map[string]any{"Email": strings.ToUpper(ls[1].By["Email"].Text[:3]) + ls[1].By["Email"].Text[3:]})
		}
		if i%5 == 0 {
			add(&found[2], map[string]any{"Phone": ls[2].By["Phone"].Text})
		}
		if i%7 == 0 {
			add(&found[0], map[string]any{"Bridge__c": ls[0].By["Bridge__c"].Text})
		}
		if i%4 == 0 {
			lead, err := org.Create("Lead", map[string]any{"LastName": "L", "Company": "C", "Email": ls[3].By["Email"].Text})
			if err == nil && i%8 == 0 {
				err = org.Do(func(tx *fakeorg.Tx) error {
					made, err := tx.Convert(lead)
					found[1] = append(found[1], bridge.RecordID(made.Contact)) // who was a lead is a contact with the same e-mail
					return err
				})
			} else {
				found[3] = append(found[3], bridge.RecordID(lead))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		want = append(want, found)
	}
	return want
}

func TestSeek_AsksForManyPeopleByAllTheyMayBeKnownByInFewCalls(t *testing.T) {
	for _, c := range []struct {
		linger time.Duration
		most   int
	}{{0, 8}, {time.Second, 5}} {
		synctest.Test(t, func(t *testing.T) {
			org := fakeorg.New(fakeorg.Options{Seed: keyedContacts()})
			client, _ := dialled(t, org.Handler(), func(config *Config, _ *Deps) { config.Linger = &c.linger })
			want := known(t, org, 300)
			for _, o := range []bridge.Object{"Contact", "Lead"} {
				if _, err := client.Describe(t.Context(), o); err != nil {
					t.Fatal(err)
				}
			}
			org.AddFault(fakeorg.Fault{Path: "/services/data", Delay: fakeorg.Duration(40 * time.Millisecond)})
			before, began := len(org.Calls()), time.Now()
			var wg sync.WaitGroup
			for i := range want {
				wg.Go(func() {
					got, err := client.Seek(t.Context(), lookUps(i))
					if err != nil {
						t.Error(err)
					}
					for j := range got {
						slices.Sort(want[i][j])
						if slices.Sort(got[j]); got[j] == nil || !slices.Equal(got[j], want[i][j]) {
							t.Errorf("person %d, look-up %d: %v, want %v", i, j, got[j], want[i][j])
						}
					}
				})
			}
			wg.Wait()
			if n := len(org.Calls()) - before; n > c.most {
				t.Errorf("linger %v: %d calls for 300 people", c.linger, n)
			}
			if took := time.Since(began); took > c.linger/2+time.Second/2 {
				t.Errorf("linger %v: answered after %v", c.linger, took)
			}
		})
	}
}

func TestSeek_OneWhoIsAloneWaitsForNobodyWithoutALinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org, client := crowdedOrg(t)
		before, began := len(org.Calls()), time.Now()
		got, err := client.Seek(t.Context(), lookUps(1)[:3])
		if took, n := time.Since(began), len(org.Calls())-before; err != nil || len(got) != 3 || n != 1 || took != 40*time.Millisecond {
			t.Errorf("%v, %v: %d calls in %v", got, err, n, took)
		}
	})
}

func TestSeek_LeavesWhatCannotBeAskedTogetherToMatch(t *testing.T) {
	_, client := orgClient(t, nil)
	number := bridge.Fields{"Score__c": bridge.NumberValue(5)}
	found, err := client.Seek(t.Context(), []bridge.LookUp{
		lookUp("Contact", text("Nope__c", "x")), lookUp("Contact", number), lookUp("Contact", text("LastName", "a", "Email", "b@c.example")), lookUp("Nope", text("Id", "x")),
		lookUp("Contact", nil), lookUp("Contact", text("Email", "a@b.example")),
	})
	if err != nil || len(found) != 6 || found[5] == nil || slices.ContainsFunc(found[:5], func(ids []bridge.RecordID) bool { return ids != nil }) {
		t.Errorf("%v, %v", found, err)
	}
}

func TestSeek_TellsByHalvesWhatItCannotTellTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org := fakeorg.New(fakeorg.Options{Seed: keyedContacts()})
		client, _ := dialled(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query().Get("q")
			if !strings.Contains(q, "FROM Contact") {
				org.Handler().ServeHTTP(w, r)
				return
			}
			row := ""
			if strings.Contains(q, "'Mueller'") || strings.Contains(q, "'m@x.example'") { // Salesforce takes Müller for Mueller; nobody else asked for him
				row = `{"Id":"0035e0000001002AAA","LastName":"Müller","Email":"m@x.example"}`
			}
			_, _ = fmt.Fprintf(w, `{"done":true,"records":[%s]}`, row)
		}), nil)
		found, err := client.Seek(t.Context(), []bridge.LookUp{
			lookUp("Contact", text("Email", "m@x.example")), lookUp("Contact", text("LastName", "Mueller")), lookUp("Contact", text("LastName", "Tan")),
		})
		if err != nil || len(found) != 3 || len(found[0]) != 1 || len(found[1]) != 1 || len(found[2]) != 0 {
			t.Errorf("%v, %v", found, err)
		}
	})
}

func TestGather_WaitsForCompanyAsLongAsTheLingerAndNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		g := newGather(50, func(ctx context.Context, qs []int) ([]int, error) {
			sizes = append(sizes, len(qs))
			time.Sleep(10 * time.Millisecond)
			return qs, ctx.Err()
		})
		g.linger = func() time.Duration { return 500 * time.Millisecond }
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 120 { // one every five milliseconds: the call is full before the linger is over
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 5 * time.Millisecond)
				asked := time.Now()
				if a, err := g.do(t.Context(), "k", i); err != nil || a != i || time.Since(asked) > 510*time.Millisecond {
					t.Errorf("question %d: %d, %v after %v", i, a, err, time.Since(asked))
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); !slices.Equal(sizes, []int{50, 50, 20}) || took != 500*time.Millisecond+510*time.Millisecond {
			t.Errorf("calls of %v questions in %v", sizes, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := g.do(ctx, "k", 1); err == nil || len(g.lines) != 0 {
			t.Errorf("who went away meanwhile: %v, %d lines left", err, len(g.lines))
		}
	})
}
