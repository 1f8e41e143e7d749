// What others offer on the payloads of pubsub/cdc. This is a module of its own, so that they are no part of sfbridge.
package main

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/linkedin/goavro/v2"
)

// corpus is where sfbridge keeps the payloads that it is measured with.
const corpus = "../../pubsub/cdc/testdata"

// header is what hamba fills of the header.
type header struct {
	Entity    string   `avro:"entityName"`
	Records   []string `avro:"recordIds"`
	Type      string   `avro:"changeType"`
	Origin    string   `avro:"changeOrigin"`
	Tx        string   `avro:"transactionKey"`
	Sequence  int32    `avro:"sequenceNumber"`
	Committed int64    `avro:"commitTimestamp"`
	Number    int64    `avro:"commitNumber"`
	User      string   `avro:"commitUser"`
	Nulled    []string `avro:"nulledFields"`
	Diff      []string `avro:"diffFields"`
	Changed   []string `avro:"changedFields"`
}

type address struct {
	City    *string `avro:"City"`
	Country *string `avro:"Country"`
}

type person struct {
	First *string `avro:"FirstName"`
	Last  *string `avro:"LastName"`
}

// contact and account hold the header and the same ten fields that sfbridge is asked for.
type contact struct {
	Header  header   `avro:"ChangeEventHeader"`
	Name    any      `avro:"Name"`
	Email   *string  `avro:"Email"`
	Phone   *string  `avro:"Phone"`
	Mobile  *string  `avro:"MobilePhone"`
	Mailing *address `avro:"MailingAddress"`
	Title   *string  `avro:"Title"`
	Owner   *string  `avro:"OwnerId"`
	Custom  *string  `avro:"Custom_40__c"`
}

type account struct {
	Header    header   `avro:"ChangeEventHeader"`
	Name      any      `avro:"Name"`
	Phone     *string  `avro:"Phone"`
	Website   *string  `avro:"Website"`
	Industry  *string  `avro:"Industry"`
	Billing   *address `avro:"BillingAddress"`
	Owner     *string  `avro:"OwnerId"`
	Employees *int     `avro:"NumberOfEmployees"`
	Custom90  *bool    `avro:"Custom_90__c"`
	Custom200 *int64   `avro:"Custom_200__c"`
}

// api knows the record of the union in Name; a new one for each schema, since hamba keeps decoders by name.
func api() avro.API {
	a := avro.Config{}.Freeze()
	a.Register("com.sforce.eventbus.Switchable_PersonName", person{})
	return a
}

func BenchmarkDecode(b *testing.B) {
	for _, s := range []struct {
		event, schema string
		into          func() any
	}{
		{"contact-70-update", "contact-70", func() any { return &contact{} }},
		{"account-250-update", "account-250", func() any { return &account{} }},
		{"account-250-create", "account-250", func() any { return &account{} }},
	} {
		schema := string(read(b, s.schema+".avsc"))
		payload, err := hex.DecodeString(strings.TrimSpace(string(read(b, s.event+".hex"))))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(s.event+"/goavro", func(b *testing.B) {
			codec, err := goavro.NewCodec(schema)
			if err != nil {
				b.Fatal(err)
			}
			measure(b, func() error { _, _, err := codec.NativeFromBinary(payload); return err })
		})
		parsed, err := avro.ParseWithCache(schema, "", &avro.SchemaCache{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(s.event+"/hamba-map", func(b *testing.B) {
			a := avro.Config{}.Freeze()
			measure(b, func() error { var v any; return a.Unmarshal(parsed, payload, &v) })
		})
		b.Run(s.event+"/hamba-struct", func(b *testing.B) {
			a := api()
			measure(b, func() error { return a.Unmarshal(parsed, payload, s.into()) })
		})
	}
}

func read(b *testing.B, name string) []byte {
	text, err := os.ReadFile(filepath.Join(corpus, name))
	if err != nil {
		b.Fatal(err)
	}
	return text
}

// measure reports the processor's time too, as the benches of sfbridge do.
func measure(b *testing.B, f func() error) {
	b.ReportAllocs()
	began := spent(b)
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(spent(b)-began)/float64(b.N), "cpu-ns/op")
}

func spent(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
