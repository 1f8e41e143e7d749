package fakeorg

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/pubsub/pubsubpb"
)

type capturedEvent struct {
	SchemaID, EventID, ReplayIDHex, PayloadBase64, SchemaFile string
}

func TestInject_GivesBackCapturesByteByByte(t *testing.T) {
	dir := captures(t)
	text, err := os.ReadFile(filepath.Join(dir, "events.json"))
	if err != nil {
		t.Fatal(err)
	}
	var events []capturedEvent
	if err := json.Unmarshal(text, &events); err != nil {
		t.Fatal(err)
	}
	onStream(t, Options{}, func(s *streamStand) {
		files, err := s.org.LoadSchemas(dir)
		if err != nil || len(files) != 4 {
			t.Fatalf("schemas %v, %v", files, err)
		}
		var want []Event
		for _, e := range events {
			payload, _ := base64.StdEncoding.DecodeString(e.PayloadBase64)
			replay, _ := hex.DecodeString(e.ReplayIDHex)
			in := Event{Replay: replay, ID: e.EventID, SchemaID: e.SchemaID, Payload: payload, Topic: "/data/AccountChangeEvent"}
			if _, err := s.org.Inject(in); err != nil {
				t.Fatal(err)
			}
			want = append(want, in)
		}
		for _, topic := range []string{"/data/AccountChangeEvent", standardChannel} {
			st := s.stream(&pubsubpb.FetchRequest{TopicName: topic, ReplayPreset: pubsubpb.ReplayPreset_EARLIEST, NumRequested: 100})
			var got []Event
			for _, e := range receive(t, st).Events {
				got = append(got, Event{Replay: e.ReplayId, ID: e.Event.Id, SchemaID: e.Event.SchemaId, Payload: e.Event.Payload, Topic: "/data/AccountChangeEvent"})
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", topic, diff)
			}
		}
		for file, id := range files {
			text, _ := os.ReadFile(filepath.Join(dir, file))
			got, err := s.client.GetSchema(s.ctx, &pubsubpb.SchemaRequest{SchemaId: id})
			if err != nil || got.SchemaJson != string(text) {
				t.Errorf("schema %s of %s: %v", id, file, err)
			}
		}
		if got, err := s.client.GetTopic(s.ctx, &pubsubpb.TopicRequest{TopicName: "/data/AccountChangeEvent"}); err != nil || got.SchemaId != events[0].SchemaID {
			t.Errorf("topic %v, %v", got, err)
		}
	})
}

func TestInject_RefusesWhatNoStreamCouldDecode(t *testing.T) {
	o := New(Options{})
	for _, e := range []Event{{Topic: contactTopic, SchemaID: "unknown"}, {Topic: standardChannel}, {Topic: "ContactChangeEvent"}} {
		if _, err := o.Inject(e); err == nil {
			t.Errorf("%v was taken", e)
		}
	}
}

func TestEmit_MakesShapesThatNoCommitMakes(t *testing.T) {
	o := New(Options{})
	first, err := o.Emit(Header{Entity: "Contact", Records: []string{"003*"}, Kind: "UPDATE", Changed: []string{"0x" + "01" + zeros(80)}, Diff: []string{"0x02"}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := o.Emit(Header{Entity: "Contact", Kind: "SNAPSHOT"}, map[string]any{"Email": map[string]any{"string": "a@example.com"}}, first.Replay)
	if err != nil || !bytes.Equal(first.Replay, second.Replay) {
		t.Fatalf("%v, %v", second, err)
	}
	header, body := decode(t, o, second)
	if header["changeType"] != "SNAPSHOT" || body["Email"] != "a@example.com" {
		t.Errorf("%v %v", header, body)
	}
	if _, err := o.Emit(Header{Entity: "Contact", Kind: "NEW"}, nil, nil); err == nil {
		t.Error("a change type outside the enum was encoded")
	}
}
