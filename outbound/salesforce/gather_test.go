package salesforce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

func TestGather_AsksTogetherWhatComesWhileACallIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		g := newGather(60, func(_ context.Context, qs []int) ([]string, error) {
			sizes = append(sizes, len(qs))
			time.Sleep(time.Second)
			as := make([]string, len(qs))
			for i, q := range qs {
				as[i] = fmt.Sprint("answer ", q)
			}
			return as, nil
		})
		var wg sync.WaitGroup
		for i := range 101 {
			wg.Go(func() {
				if i > 0 {
					time.Sleep(time.Millisecond)
				}
				if a, err := g.do(t.Context(), "k", i); err != nil || a != fmt.Sprint("answer ", i) {
					t.Errorf("question %d: %q, %v", i, a, err)
				}
			})
		}
		wg.Wait()
		if !slices.Equal(sizes, []int{1, 60, 40}) || len(g.lines) != 0 {
			t.Errorf("calls of %v questions, %d lines left", sizes, len(g.lines))
		}
	})
}

func TestGather_WhoeverGoesAwayCostsTheOthersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGather(10, func(ctx context.Context, qs []int) ([]int, error) {
			select {
			case <-time.After(time.Second):
				return qs, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
		var wg sync.WaitGroup
		var gone atomic.Int32
		for i := range 30 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if i%3 == 0 { // among them who asks first, and who is to ask next
					time.AfterFunc(500*time.Millisecond, cancel)
				}
				a, err := g.do(ctx, "k", i)
				switch {
				case errors.Is(err, context.Canceled) && i%3 == 0:
					gone.Add(1)
				case err != nil || a != i:
					t.Errorf("question %d: %d, %v", i, a, err)
				}
			})
		}
		wg.Wait()
		if gone.Load() == 0 || len(g.lines) != 0 {
			t.Errorf("%d went away, %d lines left", gone.Load(), len(g.lines))
		}
	})
}

func TestGather_ACallThatBreaksEndsForAllWhoWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		g := newGather(10, func(_ context.Context, qs []int) ([]int, error) {
			time.Sleep(time.Second)
			if calls.Add(1) == 2 {
				panic("a bug")
			}
			return qs, nil
		})
		var wg sync.WaitGroup
		var broken, well atomic.Int32
		for i := range 12 {
			wg.Go(func() {
				defer func() {
					if recover() != nil {
						broken.Add(1)
					}
				}()
				time.Sleep(time.Duration(i) * time.Millisecond)
				if _, err := g.do(t.Context(), "k", i); err != nil {
					broken.Add(1)
					return
				}
				well.Add(1)
			})
		}
		wg.Wait()
		if broken.Load() != 10 || well.Load() != 2 || len(g.lines) != 0 {
			t.Errorf("%d broken, %d well, %d lines left", broken.Load(), well.Load(), len(g.lines))
		}
	})
}

// crowdedOrg answers every call after 40 ms.
func crowdedOrg(t *testing.T) (*fakeorg.Org, *Client) {
	org, client := orgClient(t, nil)
	if _, err := client.Describe(t.Context(), "Contact"); err != nil {
		t.Fatal(err)
	}
	org.AddFault(fakeorg.Fault{Path: "/services/data", Delay: fakeorg.Duration(40 * time.Millisecond)})
	return org, client
}

func TestMatch_ManyLookUpsAreFewCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org, client := crowdedOrg(t)
		want := map[string][]bridge.RecordID{}
		for i := range 120 {
			mail := fmt.Sprintf("mei.%d@example.com", i%100) // the first twenty are there twice
			want[mail] = append(want[mail], contact(t, org, map[string]any{"LastName": "L", "Email": mail}))
		}
		before := len(org.Calls())
		var wg sync.WaitGroup
		for i := range 150 {
			wg.Go(func() {
				mail := fmt.Sprintf("mei.%d@example.com", i)
				asked := mail
				if i%2 == 0 {
					asked = strings.ToUpper(mail)
				}
				got, err := client.Match(t.Context(), "Contact", text("Email", asked), 2)
				slices.Sort(got)
				if d := cmp.Diff(want[mail], got); err != nil || d != "" && len(want[mail])+len(got) > 0 {
					t.Errorf("%s: %v\n%s", asked, err, d)
				}
			})
		}
		wg.Wait()
		if n := len(org.Calls()) - before; n > 3 {
			t.Errorf("%d calls for 150 look-ups", n)
		}
	})
}

func TestMatch_TellsApartWhatItFoundTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org, client := crowdedOrg(t)
		quote := contact(t, org, map[string]any{"LastName": "O'Neil, \\x", "Phone": "+41 44 123"})
		plain := contact(t, org, map[string]any{"LastName": "Tan"})
		find := func(by bridge.Fields) (got []bridge.RecordID) {
			got, err := client.Match(t.Context(), "Contact", by, 2)
			if err != nil {
				t.Error(err)
			}
			return got
		}
		var wg sync.WaitGroup
		for i, c := range []struct {
			by   bridge.Fields
			want []bridge.RecordID
		}{
			{text("LastName", "o'neil, \\X"), []bridge.RecordID{quote}}, {text("LastName", "TAN"), []bridge.RecordID{plain}}, {text("LastName", "Ta"), nil},
			{text("LastName", "') OR (Name != ''"), nil}, {text("Phone", "+41 44 123"), []bridge.RecordID{quote}}, {text("Phone", "+4144123"), nil},
			{text("Id", string(plain)[:15]), []bridge.RecordID{plain}}, {text("Id", string(quote)), []bridge.RecordID{quote}},
			{text("LastName", "Tan", "Phone", "1"), nil},
		} {
			wg.Go(func() {
				if got := find(c.by); !slices.Equal(got, c.want) {
					t.Errorf("%d %v: %v, want %v", i, c.by, got, c.want)
				}
			})
		}
		wg.Wait()
	})
}

func TestMatch_AsksForEachWhereItCannotTellWhoseARowIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org := fakeorg.New(fakeorg.Options{Seed: keyedContacts()})
		var together, single atomic.Int32
		client, _ := dialled(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query().Get("q")
			if !strings.Contains(q, "FROM Contact") {
				org.Handler().ServeHTTP(w, r)
				return
			}
			timer := time.NewTimer(time.Second)
			<-timer.C
			row := `{"Id":"0035e0000001002AAA"}`
			if strings.Contains(q, " IN (") { // Salesforce took a value for one of them that we do not
				together.Add(1)
				row = `{"Id":"0035e0000001002AAA","LastName":"Müller"}`
			} else if single.Add(1); !strings.Contains(q, "'Mueller'") {
				row = ""
			}
			_, _ = fmt.Fprintf(w, `{"done":true,"records":[%s]}`, row)
		}), nil)
		if _, err := client.Describe(t.Context(), "Contact"); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i, name := range []string{"First", "Mueller", "Tan"} {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				got, err := client.Match(t.Context(), "Contact", text("LastName", name), 2)
				if want := name == "Mueller"; err != nil || (len(got) == 1) != want {
					t.Errorf("%s: %v, %v", name, got, err)
				}
			})
		}
		wg.Wait()
		if together.Load() != 1 || single.Load() != 3 {
			t.Errorf("%d calls for several, %d for one", together.Load(), single.Load())
		}
	})
}

func TestRead_RowsThatAreAskedForOneByOneGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org, client := crowdedOrg(t)
		var ids []bridge.RecordID
		for i := range 100 {
			ids = append(ids, contact(t, org, map[string]any{"LastName": fmt.Sprint("L", i)}))
		}
		before := len(org.Calls())
		var wg sync.WaitGroup
		for i := range 150 {
			wg.Go(func() {
				rows, err := client.Read(t.Context(), "Contact", []bridge.RecordID{ids[i%100]}, []bridge.Field{"LastName"})
				if err != nil || len(rows) != 1 || rows[0].Record != ids[i%100] || rows[0].Values["LastName"].Text != fmt.Sprint("L", i%100) {
					t.Errorf("%d: %+v, %v", i, rows, err)
					return
				}
				rows[0].Values["LastName"] = bridge.TextValue("mine") // a row that others asked for too is each one's own
			})
		}
		wg.Wait()
		if n := len(org.Calls()) - before; n > 2 {
			t.Errorf("%d calls for 150 rows", n)
		}
	})
}

func TestOrigins_RecordsThatAreAskedForOneByOneGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org, client := crowdedOrg(t)
		leads, into := convertedLeads(t, org, 100)
		if _, err := client.Describe(t.Context(), leadObject); err != nil {
			t.Fatal(err)
		}
		for _, o := range []bridge.Object{"Contact", "Account"} {
			before := len(org.Calls())
			var wg sync.WaitGroup
			for i := range 150 { // fifty are asked for twice
				wg.Go(func() {
					record := map[bridge.Object]bridge.RecordID{"Contact": into[i%100].Contact, "Account": into[i%100].Account}[o]
					got, err := client.Origins(t.Context(), o, []bridge.RecordID{record})
					want := []bridge.Converted{{Lead: leads[i%100], Conversion: into[i%100]}}
					if d := cmp.Diff(want, got); err != nil || d != "" {
						t.Errorf("%s: %v\n%s", record, err, d)
					}
				})
			}
			wg.Wait()
			if n := len(org.Calls()) - before; n > 2 {
				t.Errorf("%d calls for what 150 records of %s came of", n, o)
			}
		}
		if got, err := client.Origins(t.Context(), "Contact", []bridge.RecordID{contact(t, org, map[string]any{"LastName": "Tan"})}); err != nil || len(got) > 0 {
			t.Errorf("a contact of no lead: %v, %v", got, err)
		}
	})
}

// convertedLeads makes leads and converts each.
func convertedLeads(t *testing.T, org *fakeorg.Org, n int) (leads []bridge.RecordID, into []bridge.Conversion) {
	t.Helper()
	for i := range n {
		lead, err := org.Create("Lead", map[string]any{"LastName": fmt.Sprint("L", i), "Company": fmt.Sprint("C", i)})
		if err != nil {
			t.Fatal(err)
		}
		err = org.Do(func(tx *fakeorg.Tx) error {
			c, err := tx.Convert(lead)
			leads = append(leads, bridge.RecordID(lead))
			into = append(into, bridge.Conversion{Contact: bridge.RecordID(c.Contact), Account: bridge.RecordID(c.Account)})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return leads, into
}
