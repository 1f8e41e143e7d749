package cdc

import (
	"syscall"
	"testing"

	"github.com/linkedin/goavro/v2"
)

// BenchmarkDecode sets what we do beside goavro's native form, on the same payloads:
//
//	goavro   every value in goavro's native form
//	pass     the whole payload passed over, and every value found
//	asked    a change of the ten fields that a transfer reads
//	unasked  a change of which nobody reads a field
//	all      a change of all fields
func BenchmarkDecode(b *testing.B) {
	for _, s := range samples(b) {
		all := compile(b, s.schema)
		b.Run(s.name+"/goavro", func(b *testing.B) {
			codec, err := goavro.NewCodec(s.schema)
			if err != nil {
				b.Fatal(err)
			}
			measure(b, s.payload, func() error { _, _, err := codec.NativeFromBinary(s.payload); return err })
		})
		b.Run(s.name+"/pass", func(b *testing.B) {
			e := newEvent(all)
			measure(b, s.payload, func() error {
				e.take(s.payload)
				_, err := all.pass(e)
				return err
			})
		})
		for name, schema := range map[string]*Schema{"asked": all.Reading(s.reads), "unasked": all.Reading(nil), "all": all} {
			b.Run(s.name+"/"+name, func(b *testing.B) {
				measure(b, s.payload, func() error { _, err := schema.Decode(s.payload); return err })
			})
		}
	}
}

// measure reports the processor's time too, which a machine that others use moves less than the clock's.
func measure(b *testing.B, payload []byte, f func() error) {
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	began := spent(b)
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(spent(b)-began)/float64(b.N), "cpu-ns/op")
}

// spent is the time that the processor has given to this process.
func spent(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
