package fakeorg

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/pubsub/pubsubpb"
)

// entities receives what is there for a topic from the beginning and names the objects.
func entities(t *testing.T, s *streamStand, topic string) (out []string) {
	t.Helper()
	r := receive(t, s.stream(&pubsubpb.FetchRequest{TopicName: topic, ReplayPreset: pubsubpb.ReplayPreset_EARLIEST, NumRequested: 100}))
	for _, e := range r.Events {
		header, _ := decode(t, s.org, Event{SchemaID: e.Event.SchemaId, Payload: e.Event.Payload})
		out = append(out, header["entityName"].(string))
	}
	return out
}

func (s *streamStand) remove(object string, ids ...string) {
	var edits []Edit
	for _, id := range ids {
		edits = append(edits, Edit{Object: s.org.object(object), Record: id, Kind: KindDelete, Row: map[string]any{"Email": "a@example.com", "LastName": id}})
	}
	s.commit(edits...)
}

func TestTopics_CarryWhatIsTheirs(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		if err := s.org.Select("Lead", false); err != nil {
			t.Fatal(err)
		}
		s.org.SetChannel("Bridge__chn", "Lead", "Account")
		for _, object := range []string{"Contact", "Account", "Lead"} {
			s.remove(object, "1")
		}
		want := map[string][]string{
			contactTopic: {"Contact"}, standardChannel: {"Contact", "Account"}, "/data/Bridge__chn": {"Account", "Lead"},
			"/data/LeadChangeEvent": {"Lead"},
		}
		for topic, objects := range want {
			if diff := cmp.Diff(objects, entities(t, s, topic)); diff != "" {
				t.Errorf("%s: %s", topic, diff)
			}
		}
	})
}

func TestTopics_LeaveOutSilentlyWhatIsHidden(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.remove("Contact", "1")
		s.remove("Account", "1")
		single := s.stream(earliest(2))
		receive(t, single)
		s.org.HideFrom("Contact")
		s.remove("Contact", "2")
		if r := receive(t, single); len(r.Events) != 0 {
			t.Error("a running stream goes on after the right was lost")
		}
		if diff := cmp.Diff([]string{"Account"}, entities(t, s, standardChannel)); diff != "" {
			t.Error(diff)
		}
		s.org.ShowTo("Contact")
		if diff := cmp.Diff([]string{"Contact", "Account", "Contact"}, entities(t, s, standardChannel)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestEnrichedChannel_UngroupsUnderOneReplayID(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.SetChannel("Bridge__chn", "Contact")
		if err := s.org.EnrichChannel("Bridge__chn", "Contact", "Email", "Name"); err != nil {
			t.Fatal(err)
		}
		s.remove("Contact", "1", "2")
		r := receive(t, s.stream(&pubsubpb.FetchRequest{TopicName: "/data/Bridge__chn", ReplayPreset: pubsubpb.ReplayPreset_EARLIEST, NumRequested: 9}))
		if len(r.Events) != 2 || !bytes.Equal(r.Events[0].ReplayId, r.Events[1].ReplayId) || r.Events[0].Event.Id == r.Events[1].Event.Id {
			t.Fatalf("got %v", r.Events)
		}
		for i, id := range []string{"1", "2"} {
			e := r.Events[i].Event
			header, body := decode(t, s.org, Event{SchemaID: e.SchemaId, Payload: e.Payload})
			want := map[string]any{"Email": "a@example.com", "Name": "com.sforce.eventbus.PersonName", "Name.LastName": id}
			if diff := cmp.Diff(want, body); diff != "" || header["recordIds"].([]any)[0] != id {
				t.Errorf("%v %s", header, diff)
			}
		}
		if r := receive(t, s.stream(earliest(9))); len(r.Events) != 1 {
			t.Errorf("the object's own topic has %d events, want the merged one", len(r.Events))
		}
	})
}

func TestEnrichChannel_TakesWholeFieldsAndTenAtMost(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.SetChannel("Bridge__chn", "Contact")
		many := []string{"Email", "Phone", "Fax", "Title", "Department", "MobilePhone", "HomePhone", "OtherPhone", "AssistantName", "Description", "LeadSource"}
		if err := s.org.EnrichChannel("Bridge__chn", "Contact", append(many[:9:9], "MailingAddress")...); err != nil {
			t.Error(err)
		}
		for name, fields := range map[string][]string{"eleven": many, "a part of an address": {"MailingCity"}, "a field there is not": {"Nope"}} {
			if err := s.org.EnrichChannel("Bridge__chn", "Contact", fields...); err == nil {
				t.Errorf("%s enriched it", name)
			}
		}
		if s.org.EnrichChannel("Bridge__chn", "Nope__c", "Name") == nil || s.org.EnrichChannel("Bridge__chn", "Account", "Name") == nil {
			t.Error("what is no member was enriched")
		}
	})
}

// TestEnrichChannel_LeavesWhatWasTold: two channels, each enriched and not at some time; neither gets an event twice, or loses one.
func TestEnrichChannel_LeavesWhatWasTold(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		first, second := "/data/First__chn", "/data/Second__chn"
		enrich := func(channel string, fields ...string) {
			if err := s.org.EnrichChannel(channel, "Contact", fields...); err != nil {
				t.Fatal(err)
			}
		}
		s.org.SetChannel(first, "Contact")
		s.org.SetChannel(second, "Contact")
		enrich(first, "Email")
		s.remove("Contact", "1", "2")
		enrich(second, "Email")
		enrich(first)
		s.remove("Contact", "3", "4")
		for channel, want := range map[string]int{first: 3, second: 3, contactTopic: 2} { // two singly and two together, in either order
			if got := entities(t, s, channel); len(got) != want {
				t.Errorf("%s has %d events, want %d", channel, len(got), want)
			}
		}
	})
}

func TestRepeatPieces_BringsAllOfAnEnrichedChangeOnceMore(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		channel := "/data/Bridge__chn"
		s.org.SetChannel(channel, "Contact")
		if err := s.org.EnrichChannel(channel, "Contact", "Email"); err != nil {
			t.Fatal(err)
		}
		s.remove("Contact", "1", "2", "3")
		id := s.org.Events()[0].Replay
		s.remove("Contact", "4", "5")
		for i, want := range []int{2, 5} {
			repeats := i == 1
			s.steered("switch", fmt.Sprintf(`{"repeatPieces":%t}`, repeats))
			from := &pubsubpb.FetchRequest{TopicName: channel, ReplayPreset: pubsubpb.ReplayPreset_CUSTOM, ReplayId: id, NumRequested: 9}
			if r := receive(t, s.stream(from)); len(r.Events) != want {
				t.Errorf("repeats %t: %d events behind the first change, want %d", repeats, len(r.Events), want)
			}
		}
		if r := receive(t, s.stream(after(id, 9))); len(r.Events) != 1 {
			t.Errorf("the object's own topic has %d events behind it, want one", len(r.Events))
		}
	})
}
