package main

import (
	"strings"
	"testing"
	"time"
)

// kept are scripts that ended wrong once. Goroutines decide with them what meets what, so that each ends wrong in some plays only.
var kept = []struct {
	name   string
	script script
}{
	{"a converted lead was undeleted and its contact called back, and each waited for the other", script{
		Projects: 1, People: 2, Luck: 0xcd3e5354bb, Leads: true, Persons: true, Lean: true,
		Acts: []act{
			{1500 * time.Millisecond, "edit", 4, 1, 1, 1},
			{120 * time.Millisecond, "convert", 3, 0, 2, 0},
			{5000 * time.Millisecond, "edit", 4, 2, 2, 0},
			{400 * time.Millisecond, "both", 0, 0, 4, 0},
			{5000 * time.Millisecond, "convert", 4, 0, 1, 0},
			{5000 * time.Millisecond, "edit", 2, 0, 1, 1},
			{5000 * time.Millisecond, "kill", 0, 1, 1, 1},
			{400 * time.Millisecond, "edit", 1, 0, 0, 0},
			{0 * time.Millisecond, "delete", 1, 2, 0, 1},
			{1500 * time.Millisecond, "undelete", 3, 1, 2, 3},
			{1500 * time.Millisecond, "kill", 1, 2, 2, 0},
			{400 * time.Millisecond, "convert", 4, 1, 0, 2},
		},
	}},
	{"a lead was converted between two kills, and each side waited for the other", script{
		Projects: 2, People: 1, Luck: 0x7eb15bd1cd69, Faults: true, Leads: true, Persons: true,
		Acts: []act{
			{30 * time.Millisecond, "edit", 2, 0, 1, 0},
			{30 * time.Millisecond, "convert", 0, 0, 4, 3},
			{900 * time.Millisecond, "edit", 3, 1, 4, 0},
			{30 * time.Millisecond, "join", 4, 0, 0, 0},
			{120 * time.Millisecond, "edit", 2, 0, 1, 0},
			{30 * time.Millisecond, "convert", 2, 1, 1, 3},
			{30 * time.Millisecond, "kill", 2, 2, 2, 0},
			{120 * time.Millisecond, "join", 3, 1, 3, 0},
			{1500 * time.Millisecond, "edit", 0, 2, 2, 0},
			{120 * time.Millisecond, "edit", 3, 1, 1, 0},
			{120 * time.Millisecond, "edit", 1, 2, 1, 0},
			{400 * time.Millisecond, "convert", 1, 2, 0, 2},
			{120 * time.Millisecond, "kill", 0, 2, 1, 1},
			{120 * time.Millisecond, "edit", 3, 1, 2, 0},
			{400 * time.Millisecond, "edit", 1, 1, 1, 0},
			{900 * time.Millisecond, "kill", 2, 1, 2, 0},
			{1500 * time.Millisecond, "edit", 0, 0, 2, 0},
		},
	}},
	{"a platform emptied a field whose other name the conversion hid", script{
		Projects: 1, People: 1, Luck: 0xd, Leads: true, Persons: true, Channel: true, Lean: true,
		Acts: []act{
			{120 * time.Millisecond, "edit", 4, 1, 4, 1},
			{120 * time.Millisecond, "edit", 3, 1, 3, 2},
			{120 * time.Millisecond, "edit", 3, 0, 1, 3},
			{120 * time.Millisecond, "kill", 0, 2, 4, 0},
			{120 * time.Millisecond, "convert", 4, 1, 2, 1},
			{30 * time.Millisecond, "edit", 0, 0, 4, 0},
			{120 * time.Millisecond, "join", 4, 2, 0, 0},
			{400 * time.Millisecond, "edit", 1, 0, 3, 0},
			{400 * time.Millisecond, "edit", 0, 1, 0, 0},
			{30 * time.Millisecond, "edit", 2, 2, 3, 1},
			{120 * time.Millisecond, "edit", 4, 1, 2, 1},
			{120 * time.Millisecond, "edit", 4, 0, 4, 0},
		},
	}},
	{"a lead was read before the stream told of the edit that a write to it had come over", script{
		Projects: 2, People: 1, Luck: 0x23004aaa52e8, Leads: true, Lean: true,
		Acts: []act{
			{1500 * time.Millisecond, "edit", 0, 1, 4, 0},
			{0 * time.Millisecond, "edit", 4, 1, 3, 3},
			{0 * time.Millisecond, "edit", 3, 2, 0, 0},
			{400 * time.Millisecond, "edit", 3, 0, 0, 0},
			{120 * time.Millisecond, "edit", 0, 1, 3, 0},
			{400 * time.Millisecond, "edit", 0, 0, 2, 0},
			{400 * time.Millisecond, "edit", 4, 1, 2, 0},
			{120 * time.Millisecond, "convert", 0, 2, 3, 2},
			{0 * time.Millisecond, "edit", 0, 0, 3, 0},
			{5000 * time.Millisecond, "edit", 1, 0, 2, 0},
			{400 * time.Millisecond, "absorb", 3, 0, 0, 2},
			{30 * time.Millisecond, "join", 2, 1, 3, 0},
		},
	}},
	{"a user gives the value that a platform's edit brings, and edits once more before that is written", script{
		Projects: 1, People: 2, Luck: 0x1e, Faults: true, Persons: true,
		Acts: []act{
			{5000 * time.Millisecond, "edit", 3, 1, 4, 0},
			{1500 * time.Millisecond, "edit", 2, 1, 0, 0},
			{400 * time.Millisecond, "edit", 2, 0, 1, 0},
			{0 * time.Millisecond, "edit", 2, 2, 0, 2},
			{30 * time.Millisecond, "edit", 3, 2, 0, 1},
			{0 * time.Millisecond, "edit", 0, 0, 0, 0},
			{30 * time.Millisecond, "edit", 3, 2, 3, 3},
			{120 * time.Millisecond, "edit", 4, 1, 4, 3},
			{30 * time.Millisecond, "convert", 1, 1, 0, 1},
			{5000 * time.Millisecond, "edit", 1, 0, 0, 0},
		},
	}},
	{"a lead is told so late that the contact of what it became is there already", script{
		Projects: 1, People: 1, Luck: 0xfa7d9243c7c, Leads: true, Lean: true,
		Acts: []act{
			{900 * time.Millisecond, "edit", 1, 1, 4, 0},
			{120 * time.Millisecond, "edit", 0, 0, 1, 0},
			{120 * time.Millisecond, "edit", 0, 2, 3, 0},
			{400 * time.Millisecond, "convert", 3, 0, 4, 1},
			{400 * time.Millisecond, "convert", 1, 2, 2, 0},
			{120 * time.Millisecond, "kill", 2, 2, 1, 0},
			{900 * time.Millisecond, "join", 1, 2, 3, 0},
			{120 * time.Millisecond, "edit", 1, 2, 2, 0},
			{400 * time.Millisecond, "convert", 1, 0, 0, 0},
		},
	}},
	{"a record is read after a user edited it before our write and after it, and before the stream tells of any", script{
		Projects: 2, People: 2, Luck: 0x117, Faults: true, Leads: true, Persons: true, Channel: true,
		Acts: []act{
			{5000 * time.Millisecond, "edit", 0, 1, 0, 0},
			{30 * time.Millisecond, "edit", 0, 0, 0, 0},
			{0 * time.Millisecond, "edit", 0, 0, 0, 1},
			{1500 * time.Millisecond, "edit", 2, 1, 1, 1},
			{120 * time.Millisecond, "edit", 2, 2, 1, 0},
			{0 * time.Millisecond, "edit", 0, 0, 0, 3},
			{1500 * time.Millisecond, "edit", 2, 1, 3, 0},
		},
	}},
	{"a user edits after Salesforce saved another value than ours, and what comes over that is merged away", script{
		Projects: 2, People: 1, Luck: 0x1, Leads: true, Lean: true,
		Acts: []act{
			{400 * time.Millisecond, "edit", 3, 1, 0, 3},
			{30 * time.Millisecond, "join", 0, 1, 1, 0},
			{0 * time.Millisecond, "edit", 3, 0, 1, 0},
			{120 * time.Millisecond, "edit", 1, 1, 0, 0},
			{1500 * time.Millisecond, "undelete", 0, 0, 1, 0},
			{400 * time.Millisecond, "edit", 2, 0, 1, 0},
			{30 * time.Millisecond, "edit", 0, 0, 0, 0},
			{30 * time.Millisecond, "absorb", 4, 0, 0, 0},
			{5000 * time.Millisecond, "edit", 3, 0, 4, 0},
			{30 * time.Millisecond, "edit", 2, 2, 0, 3},
			{0 * time.Millisecond, "edit", 4, 1, 0, 0},
		},
	}},
	{"a user edits before our write and after it, and what tells of the write is merged into his second edit", script{
		Projects: 1, People: 1, Luck: 0x3a417, Faults: true, Leads: true, Lean: true,
		Acts: []act{
			{30 * time.Millisecond, "edit", 0, 0, 0, 1},
			{0 * time.Millisecond, "edit", 0, 1, 0, 0},
			{400 * time.Millisecond, "convert", 0, 1, 0, 2},
			{30 * time.Millisecond, "edit", 0, 0, 0, 0},
			{30 * time.Millisecond, "edit", 0, 2, 3, 2},
			{400 * time.Millisecond, "edit", 0, 2, 0, 0},
			{0 * time.Millisecond, "edit", 0, 0, 3, 0},
			{30 * time.Millisecond, "edit", 0, 0, 0, 0},
		},
	}},
	{"a write whose answer was lost is found done and written again with another value, and the stream tells of both later", script{
		Projects: 1, People: 1, Luck: 0x0, Faults: true, Leads: true, Lean: true,
		Acts: []act{
			{120 * time.Millisecond, "edit", 0, 2, 0, 0},
			{120 * time.Millisecond, "edit", 0, 1, 3, 1},
			{30 * time.Millisecond, "edit", 0, 1, 3, 0},
			{120 * time.Millisecond, "edit", 0, 0, 3, 0},
			{400 * time.Millisecond, "edit", 0, 1, 3, 0},
			{1500 * time.Millisecond, "edit", 0, 1, 0, 0},
			{0 * time.Millisecond, "edit", 0, 0, 3, 0},
			{0 * time.Millisecond, "both", 0, 0, 3, 0},
			{400 * time.Millisecond, "edit", 0, 1, 0, 0},
			{400 * time.Millisecond, "both", 0, 1, 0, 3},
			{30 * time.Millisecond, "edit", 0, 1, 0, 3},
			{30 * time.Millisecond, "edit", 0, 2, 3, 3},
			{1500 * time.Millisecond, "edit", 0, 1, 0, 0},
			{30 * time.Millisecond, "convert", 0, 0, 3, 2},
		},
	}},
	{"a message comes over a user's edit, its answer is lost and the process killed, and he edits once more", script{
		Projects: 1, People: 1, Luck: 0xf, Faults: true, Lean: true,
		Acts: []act{
			{400 * time.Millisecond, "edit", 0, 1, 0, 0},
			{120 * time.Millisecond, "edit", 0, 2, 0, 0},
			{30 * time.Millisecond, "both", 0, 0, 0, 3},
			{400 * time.Millisecond, "convert", 0, 1, 0, 0},
			{1500 * time.Millisecond, "edit", 0, 0, 0, 3},
			{1500 * time.Millisecond, "edit", 0, 2, 3, 0},
			{120 * time.Millisecond, "convert", 0, 0, 3, 0},
			{0 * time.Millisecond, "edit", 0, 1, 3, 0},
			{0 * time.Millisecond, "convert", 0, 0, 3, 3},
			{400 * time.Millisecond, "edit", 0, 2, 3, 1},
			{30 * time.Millisecond, "kill", 0, 0, 3, 1},
			{0 * time.Millisecond, "edit", 0, 1, 3, 3},
			{5000 * time.Millisecond, "kill", 0, 1, 0, 2},
			{30 * time.Millisecond, "edit", 0, 0, 3, 0},
		},
	}},
	{"a record is read in the second of several edits, before the stream tells of them, and a delivery judges by what it told", script{
		Projects: 1, People: 1, Luck: 0x17e7, Persons: true, Channel: true,
		Acts: []act{
			{1500 * time.Millisecond, "join", 0, 1, 0, 0},
			{120 * time.Millisecond, "kill", 0, 2, 0, 0},
			{1500 * time.Millisecond, "edit", 0, 1, 3, 0},
			{1500 * time.Millisecond, "join", 0, 2, 3, 0},
			{900 * time.Millisecond, "edit", 0, 2, 0, 1},
			{400 * time.Millisecond, "edit", 0, 1, 3, 0},
			{900 * time.Millisecond, "edit", 0, 0, 0, 0},
			{30 * time.Millisecond, "join", 0, 0, 0, 0},
			{900 * time.Millisecond, "edit", 0, 1, 0, 3},
			{400 * time.Millisecond, "edit", 0, 0, 0, 3},
			{900 * time.Millisecond, "kill", 0, 1, 3, 0},
			{30 * time.Millisecond, "edit", 0, 1, 3, 1},
			{30 * time.Millisecond, "edit", 0, 0, 0, 0},
			{120 * time.Millisecond, "edit", 0, 2, 3, 2},
			{120 * time.Millisecond, "edit", 0, 2, 0, 2},
			{30 * time.Millisecond, "edit", 0, 2, 0, 3},
			{30 * time.Millisecond, "join", 0, 0, 0, 0},
		},
	}},
	{"somebody's edit and our write over it are told in the second in which the record was read", script{
		Projects: 2, People: 1, Luck: 0x4e5b9107, Faults: true, Leads: true,
		Acts: []act{
			{0 * time.Millisecond, "edit", 0, 0, 0, 1},
			{0 * time.Millisecond, "edit", 0, 0, 0, 3},
			{0 * time.Millisecond, "edit", 0, 1, 3, 0},
			{30 * time.Millisecond, "edit", 0, 2, 0, 0},
			{5000 * time.Millisecond, "edit", 0, 0, 3, 0},
		},
	}},
	{"an event leaves a field open that the platform edits next", script{
		Projects: 1, People: 1, Luck: 0x696193f, Faults: true,
		Acts: []act{
			{400 * time.Millisecond, "edit", 0, 1, 0, 0},
			{120 * time.Millisecond, "join", 0, 1, 0, 0},
			{900 * time.Millisecond, "edit", 0, 1, 0, 0},
			{400 * time.Millisecond, "convert", 0, 2, 0, 3},
			{120 * time.Millisecond, "edit", 0, 0, 0, 3},
			{900 * time.Millisecond, "edit", 0, 0, 3, 0},
			{120 * time.Millisecond, "convert", 0, 0, 0, 3},
			{30 * time.Millisecond, "edit", 0, 1, 3, 0},
			{30 * time.Millisecond, "edit", 0, 0, 0, 2},
			{400 * time.Millisecond, "edit", 0, 2, 0, 3},
			{30 * time.Millisecond, "convert", 0, 0, 0, 1},
			{1500 * time.Millisecond, "edit", 0, 1, 3, 0},
		},
	}},
	{"a write whose event was merged is no longer told of when the lead is converted", script{
		Projects: 1, People: 1, Luck: 0xe24ae6c2bf77, Faults: true, Leads: true, Lean: true,
		Acts: []act{
			{30 * time.Millisecond, "edit", 0, 0, 3, 0},
			{5000 * time.Millisecond, "edit", 0, 0, 3, 3},
			{30 * time.Millisecond, "edit", 0, 1, 0, 0},
			{30 * time.Millisecond, "edit", 0, 0, 3, 0},
			{400 * time.Millisecond, "edit", 0, 2, 0, 3},
			{30 * time.Millisecond, "edit", 0, 2, 0, 1},
			{1500 * time.Millisecond, "edit", 0, 0, 0, 2},
			{0 * time.Millisecond, "edit", 0, 1, 3, 3},
			{400 * time.Millisecond, "convert", 0, 1, 0, 1},
		},
	}},
	{"the other half of an old event says what a new write says", script{
		Projects: 1, People: 1, Luck: 0xa, Faults: true, Persons: true, Lean: true,
		Acts: []act{
			{30 * time.Millisecond, "convert", 0, 0, 0, 0},
			{120 * time.Millisecond, "convert", 0, 2, 3, 0},
			{900 * time.Millisecond, "convert", 0, 1, 0, 3},
			{900 * time.Millisecond, "edit", 0, 1, 0, 1},
			{900 * time.Millisecond, "edit", 0, 2, 0, 3},
			{1500 * time.Millisecond, "convert", 0, 1, 0, 3},
			{400 * time.Millisecond, "edit", 0, 1, 0, 3},
			{400 * time.Millisecond, "edit", 0, 0, 0, 2},
			{120 * time.Millisecond, "join", 0, 0, 3, 2},
			{30 * time.Millisecond, "edit", 0, 1, 0, 1},
			{30 * time.Millisecond, "edit", 0, 2, 0, 0},
			{120 * time.Millisecond, "convert", 0, 1, 0, 1},
			{30 * time.Millisecond, "convert", 0, 1, 3, 0},
			{1500 * time.Millisecond, "edit", 0, 0, 0, 3},
			{120 * time.Millisecond, "edit", 0, 2, 3, 0},
			{900 * time.Millisecond, "convert", 0, 2, 0, 2},
			{30 * time.Millisecond, "edit", 0, 1, 3, 0},
			{1500 * time.Millisecond, "kill", 0, 1, 0, 2},
		},
	}},
	{"an edit of the second in which a lead was converted, told later than the record it became", script{
		Projects: 1, People: 2, Luck: 0x334, Leads: true, Lean: true,
		Acts: []act{
			{400 * time.Millisecond, "edit", 2, 2, 2, 0},
			{120 * time.Millisecond, "edit", 2, 1, 0, 3},
			{120 * time.Millisecond, "edit", 0, 0, 4, 1},
			{30 * time.Millisecond, "convert", 0, 0, 0, 3},
			{120 * time.Millisecond, "edit", 4, 1, 4, 2},
			{30 * time.Millisecond, "join", 3, 0, 0, 0},
			{30 * time.Millisecond, "join", 1, 0, 1, 0},
		},
	}},
}

func TestDuel_EndsEqualWhereItOnceDidNot(t *testing.T) {
	times := crowdOf(t, 20)
	for _, k := range kept {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			for range times {
				if wrong, trace := k.script.play(t); len(wrong) > 0 {
					t.Fatalf("%s\n%s", strings.Join(wrong, "\n"), strings.Join(trace, "\n"))
				}
			}
		})
	}
}
