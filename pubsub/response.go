package pubsub

import (
	"errors"
	"slices"
	"unicode/utf8"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// response is a FetchResponse that was not taken apart: its events are places in the bytes that came. It may be used again once nobody looks at them.
type response struct {
	raw    []byte
	events []event
	latest []byte // replay id
}

// event is a ConsumerEvent; its members are parts of a response.
type event struct {
	id, schema, payload, replay []byte
}

// rawBound is how much memory of a response is kept for the next; most take a tenth of it.
const rawBound = 1 << 20

// read takes the message over. Fields that nobody reads are passed over, as are those that the service may add.
func (r *response) read(data mem.BufferSlice) error {
	n := data.Len()
	if cap(r.raw) < n || cap(r.raw) > rawBound {
		r.raw = make([]byte, n)
	}
	r.raw = r.raw[:n]
	data.CopyTo(r.raw)
	r.events, r.latest = r.events[:0], nil
	return fields(r.raw, func(n protowire.Number, val []byte) error {
		switch n {
		case 1:
			r.events = append(r.events, event{})
			return r.events[len(r.events)-1].read(val)
		case 2:
			r.latest = val
		case 3:
			return text(val)
		}
		return nil
	})
}

func (e *event) read(b []byte) error {
	return fields(b, func(n protowire.Number, val []byte) error {
		switch n {
		case 1:
			return e.readProduced(val)
		case 2:
			e.replay = val
		}
		return nil
	})
}

func (e *event) readProduced(b []byte) error {
	return fields(b, func(n protowire.Number, val []byte) error {
		switch n {
		case 1:
			e.id = val
			return text(val)
		case 2:
			e.schema = val
			return text(val)
		case 3:
			e.payload = val
		}
		return nil
	})
}

var (
	errMessage = errors.New("the message does not hold")
	errText    = errors.New("a text of the message is no UTF-8")
)

func text(b []byte) error {
	if !utf8.Valid(b) {
		return errText
	}
	return nil
}

// fields hands every field of a message that is bytes, a text or a message to f, and passes over the others.
// https://protobuf.dev/programming-guides/encoding/
func fields(b []byte, f func(protowire.Number, []byte) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errMessage
		}
		b = b[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
				return errMessage
			}
			b = b[n:]
			continue
		}
		val, n := protowire.ConsumeBytes(b)
		if n < 0 {
			return errMessage
		}
		b = b[n:]
		if err := f(number, slices.Clip(val)); err != nil {
			return err
		}
	}
	return nil
}

// codec reads responses as views, and all else as the generated code does.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2(proto.Name)} }

// Unmarshal reads a message.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if r, ok := v.(*response); ok {
		return r.read(data)
	}
	return c.CodecV2.Unmarshal(data, v)
}

// Name leaves the content type of the call as it is without a codec of ours.
func (c codec) Name() string { return "" }
