package pubsub

import (
	"bytes"
	"slices"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"sfbridge/pubsub/pubsubpb"
)

// sent are responses as they travel, odd ones included.
func sent(t testing.TB) (all [][]byte) {
	full := &pubsubpb.FetchResponse{LatestReplayId: []byte{0, 9}, RpcId: "rpc-é", PendingNumRequested: 17}
	for i := range 3 {
		full.Events = append(full.Events, &pubsubpb.ConsumerEvent{ReplayId: []byte{0, byte(i)}, Event: &pubsubpb.ProducerEvent{
			Id: "id", SchemaId: "schema", Payload: bytes.Repeat([]byte{0xff}, i), Headers: []*pubsubpb.EventHeader{{Key: "k", Value: []byte("v")}},
		}})
	}
	for _, r := range []*pubsubpb.FetchResponse{full, {}, {LatestReplayId: []byte{1}}, {Events: []*pubsubpb.ConsumerEvent{{}, {Event: &pubsubpb.ProducerEvent{}}}}} {
		b, err := proto.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	twice := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), []byte("\x0a\x04\x0a\x02id\x0a\x03\x1a\x01p"))
	later := protowire.AppendVarint(protowire.AppendTag(slices.Clone(all[0]), 77, protowire.VarintType), 5)
	return append(all, twice, later, protowire.AppendBytes(protowire.AppendTag(later, 78, protowire.BytesType), []byte("new")))
}

// FuzzResponse holds the view to what the generated code reads: it says the same of all that the generated code takes.
func FuzzResponse(f *testing.F) {
	for _, b := range sent(f) {
		f.Add(b)
	}
	f.Add([]byte("\x1a\x02\xff\xfe"))
	f.Add([]byte("\x0a\x06\x0a\x04\x0a\x02\xff\xfe"))
	used := &response{}
	f.Fuzz(func(t *testing.T, b []byte) {
		var want pubsubpb.FetchResponse
		err := proto.Unmarshal(b, &want)
		got := used.read(mem.BufferSlice{mem.SliceBuffer(b[:len(b)/2]), mem.SliceBuffer(b[len(b)/2:])})
		if err != nil {
			return // of what nobody reads, the view checks less
		}
		if got != nil {
			t.Fatalf("%v; the generated code reads %v", got, &want)
		}
		if len(used.events) != len(want.GetEvents()) || !bytes.Equal(used.latest, want.GetLatestReplayId()) {
			t.Fatalf("%d events and %x, want %v", len(used.events), used.latest, &want)
		}
		for i, e := range want.GetEvents() {
			v := used.events[i]
			if p := e.GetEvent(); string(v.id) != p.GetId() || string(v.schema) != p.GetSchemaId() || !bytes.Equal(v.payload, p.GetPayload()) || !bytes.Equal(v.replay, e.GetReplayId()) {
				t.Fatalf("event %d is %q, want %v", i, v, e)
			}
		}
	})
}

func TestResponse_TakesNoMessageThatIsCutShort(t *testing.T) {
	whole := sent(t)[0]
	for n := range whole {
		var want pubsubpb.FetchResponse
		err := proto.Unmarshal(whole[:n], &want)
		if got := (&response{}).read(mem.BufferSlice{mem.SliceBuffer(whole[:n])}); (got == nil) != (err == nil) {
			t.Errorf("%d of %d bytes: %v, the generated code says %v", n, len(whole), got, err)
		}
	}
	for _, odd := range []string{"\x1a\x02\xff\xfe", "\x0a\x06\x0a\x04\x0a\x02\xff\xfe", "\x0a\x06\x0a\x04\x12\x02\xff\xfe", "\x0a\x80", "\x0f"} {
		if err := (&response{}).read(mem.BufferSlice{mem.SliceBuffer(odd)}); err == nil {
			t.Errorf("%q is taken", odd)
		}
	}
}
