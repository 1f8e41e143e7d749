package courier

import (
	"testing"
	"time"

	"sfbridge/bridge"
)

// The two halves of a person are told by two topics, and the row is as new as the newer: each field is as old as what was told of it.
func TestFold_KnowsOfEachFieldWhetherTheRowIsAheadOfTheStream(t *testing.T) {
	row := bridge.Row{Version: bridge.Version{Commit: 10, At: time.Unix(10, 0)}, Values: bridge.Fields{"Score__c": bridge.TextValue("1"), "LastName": bridge.TextValue("Tan")},
		Since: map[bridge.Field]bridge.Version{"Score__c": {Commit: 1, At: time.Unix(1, 0)}}}
	s := sidesOf(&row, &bridge.Change{Version: bridge.Version{Commit: 5, At: time.Unix(5, 0)}})
	if !s.before["Score__c"].Known() || len(s.before) != 1 || !s.late["LastName"] || len(s.late) != 1 || !s.now["LastName"].Known() || len(s.now) != 1 || len(s.beside) > 0 {
		t.Errorf("told by a later event: %+v", s)
	}
	row.Version.Commit = 0
	if s = sidesOf(&row, &bridge.Change{Version: bridge.Version{Commit: 5, At: time.Unix(5, 0)}}); !s.now["LastName"].Known() || len(s.now) != 1 || len(s.late) > 0 {
		t.Errorf("read later: %+v", s)
	}
	row.Since["Score__c"] = bridge.Version{At: time.Unix(5, 0)}
	if s = sidesOf(&row, &bridge.Change{Version: bridge.Version{Commit: 5, At: time.Unix(5, 1e8)}}); !s.beside["Score__c"].Known() || len(s.before) > 0 {
		t.Errorf("read in the second of the change: %+v", s)
	}
}
