package cdc

import (
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"

	"sfbridge/bridge"
)

var update = flag.Bool("update", false, "write testdata anew")

// sort is a sort of field that change events have.
type sort struct {
	avro string // of the value, in JSON
	key  string // of the union's branch, as goavro wants it
	doc  string
	make func(r *rand.Rand) any
}

const addressParts = "Street City State PostalCode Country StateCode CountryCode Latitude Longitude GeocodeAccuracy"

func words(r *rand.Rand, n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzäé東  "
	runes := []rune(letters)
	var b strings.Builder
	for range n {
		b.WriteRune(runes[r.IntN(len(runes))])
	}
	return b.String()
}

// recordOf is a record type of optional parts, which are text but for coordinates.
func recordOf(name, parts string) string {
	var fields []string
	for _, p := range strings.Fields(parts) {
		avro := "string"
		if strings.HasSuffix(p, "itude") {
			avro = "double"
		}
		fields = append(fields, fmt.Sprintf(`{"name":%q,"type":["null",%q],"default":null}`, p, avro))
	}
	return fmt.Sprintf(`{"type":"record","name":%q,"fields":[%s]}`, name, strings.Join(fields, ","))
}

func makeRecord(parts string) func(r *rand.Rand) any {
	return func(r *rand.Rand) any {
		out := map[string]any{}
		for _, p := range strings.Fields(parts) {
			switch {
			case r.IntN(3) == 0:
			case strings.HasSuffix(p, "itude"):
				out[p] = in("double", float64(r.IntN(36000))/200-90)
			default:
				out[p] = in("string", words(r, 1+r.IntN(20)))
			}
		}
		return out
	}
}

func makeText(r *rand.Rand) any { return words(r, r.IntN(30)) }

// sorts are those of the captured schemas, and those that only the documentation has.
var sorts = []sort{
	{`"string"`, "string", "Data:Text", makeText},
	{`"string"`, "string", "ForeignKey:EntityId", func(r *rand.Rand) any { return fmt.Sprintf("0035g%010dAAA", r.IntN(1e9)) }},
	{`"string"`, "string", "Data:DynamicEnum", func(r *rand.Rand) any { return []string{"Hot", "Cold", "New Customer"}[r.IntN(3)] }},
	{`"boolean"`, "boolean", "Data:Boolean", func(r *rand.Rand) any { return r.IntN(2) == 1 }},
	{`"double"`, "double", "Data:Currency", func(r *rand.Rand) any { return float64(r.IntN(1e7)) / 100 }},
	{`"int"`, "int", "Data:Integer", func(r *rand.Rand) any { return int32(r.Uint32()) }},
	{`"long"`, "long", "Data:DateTime", func(r *rand.Rand) any { return 1.6e12 + r.Int64N(1e11) }},
	{`"long"`, "long", "Data:DateOnly", func(r *rand.Rand) any { return (r.Int64N(40000) - 10000) * 86400000 }},
	{`"long"`, "long", "Data:TimeOnly", func(r *rand.Rand) any { return r.Int64N(86400000) }},
	{`"string"`, "string", "Data:MultiEnum", func(r *rand.Rand) any { return "b;a;" + words(r, 3) }},
	{`"string"`, "string", "Data:StringPlusClob", func(r *rand.Rand) any { return words(r, r.IntN(300)) }},
	{`"float"`, "float", "Data:Double", func(r *rand.Rand) any { return float32(r.IntN(1000)) / 8 }},
	{`"bytes"`, "bytes", "Data:Base64", func(r *rand.Rand) any { return []byte(words(r, 9)) }},
	{`{"type":"array","items":"string"}`, "array", "Data:BitVector", func(r *rand.Rand) any {
		out := []any{}
		for range r.IntN(4) {
			out = append(out, words(r, 5))
		}
		return out
	}},
	{recordOf("Address", addressParts), "com.sforce.eventbus.Address", "Data:Address", makeRecord(addressParts)},
	{recordOf("Location", "Latitude Longitude"), "com.sforce.eventbus.Location", "Data:Location", makeRecord("Latitude Longitude")},
	{recordOf("Switchable_PersonName", "Salutation FirstName LastName"), "", "Data:Switchable_PersonName", nil},
}

const address, switchable = 14, 16

// world is an object made up for tests: its schema and what its fields are.
type world struct {
	schema string
	codec  *goavro.Codec
	names  []string
	sorts  []int
}

// newWorld makes an object whose fields are of the given sorts.
func newWorld(t testing.TB, object string, names []string, kinds []int) *world {
	var fields []string
	seen := map[string]bool{}
	for i, k := range kinds {
		s := sorts[k]
		avro := s.avro
		if strings.HasPrefix(avro, `{"type":"record"`) {
			if name := avro[strings.Index(avro, `"name":`)+7:]; seen[avro] {
				avro = name[:strings.Index(name, ",")]
			} else {
				seen[avro] = true
			}
		}
		if k == switchable {
			avro = `"string",` + avro
		}
		doc := s.doc
		if strings.HasSuffix(names[i], "__c") {
			doc += fmt.Sprintf(":00N5g%010d", i)
		}
		fields = append(fields, fmt.Sprintf("\t\t"+`{"name":%q,"type":["null",%s],"default":null,"doc":%q}`, names[i], avro, doc))
	}
	schema := strings.Replace(schemaOf("\n"+strings.Join(fields, ",\n")+"\n"), "Widget__ChangeEvent", object+"ChangeEvent", 1)
	return &world{schema, codecOf(t, schema), names, kinds}
}

func codecOf(t testing.TB, schema string) *goavro.Codec {
	codec, err := goavro.NewCodec(schema)
	if err != nil {
		t.Fatal(err)
	}
	return codec
}

// randomWorld makes an object of n fields of all sorts.
func randomWorld(t testing.TB, r *rand.Rand, n int) *world {
	var names []string
	var kinds []int
	for i := range n {
		k := r.IntN(len(sorts) - 1)
		name := fmt.Sprintf("F%d", i)
		switch {
		case i == 0 && r.IntN(2) == 0:
			k, name = switchable, "Name"
		case k == address:
			name = fmt.Sprintf("A%dAddress", i)
		case r.IntN(2) == 0:
			name = fmt.Sprintf("F%d__c", i)
		}
		names, kinds = append(names, name), append(kinds, k)
	}
	return newWorld(t, "Widget__", names, kinds)
}

// value makes a value for the field at i of the body.
func (w *world) value(r *rand.Rand, i int) any {
	s := sorts[w.sorts[i]]
	switch {
	case w.sorts[i] != switchable:
		return in(s.key, s.make(r))
	case r.IntN(2) == 0:
		return in("string", words(r, 12))
	default:
		return in("com.sforce.eventbus.Switchable_PersonName", makeRecord("Salutation FirstName LastName")(r))
	}
}

// bitmap is the bitmap of the fields, by their place in the body.
func bitmap(fields []int) []string {
	if len(fields) == 0 {
		return nil
	}
	bits := map[int]byte{}
	top := 0
	for _, f := range fields {
		bits[(f+1)/8] |= 1 << ((f + 1) % 8)
		top = max(top, (f+1)/8)
	}
	out := "0x"
	for i := top; i >= 0; i-- {
		out += fmt.Sprintf("%02X", bits[i])
	}
	return []string{out}
}

// fields of the objects that benches decode; what has no sort of its own is text.
const (
	contactFields = `AccountId=1 Salutation_Note Name=16 OtherAddress=14 MailingAddress=14 Phone Fax MobilePhone HomePhone OtherPhone AssistantPhone ReportsToId=1
		Email Title Department AssistantName LeadSource=2 Birthdate=7 Description=10 OwnerId=1 HasOptedOutOfEmail=3 HasOptedOutOfFax=3 DoNotCall=3
		CreatedDate=6 CreatedById=1 LastModifiedDate=6 LastModifiedById=1 LastCURequestDate=6 EmailBouncedReason EmailBouncedDate=6 Jigsaw IndividualId=1`
	accountFieldsWide = `Name=16 Type=2 ParentId=1 BillingAddress=14 ShippingAddress=14 Phone Fax AccountNumber Website Sic Industry=2 AnnualRevenue=4
		NumberOfEmployees=5 Ownership=2 TickerSymbol Description=10 Rating=2 Site OwnerId=1 CreatedDate=6 CreatedById=1 LastModifiedDate=6
		LastModifiedById=1 Jigsaw AccountSource=2 SicDesc`
)

// wide makes an object of n fields: the given ones, and custom ones of many sorts behind them.
func wide(t testing.TB, object, fields string, n int) *world {
	var names []string
	var kinds []int
	for _, f := range strings.Fields(fields) {
		k := 0
		name, number, _ := strings.Cut(f, "=")
		_, _ = fmt.Sscan(number, &k)
		names, kinds = append(names, name), append(kinds, k)
	}
	customs := []int{0, 2, 3, 4, 0, 7, 3, 2, 6, 0, 9, 4}
	for i := len(names); i < n; i++ {
		names, kinds = append(names, fmt.Sprintf("Custom_%d__c", i)), append(kinds, customs[i%len(customs)])
	}
	return newWorld(t, object, names, kinds)
}

// sample is one event that is measured, with a read set as a transfer has it.
type sample struct {
	name, schema string
	reads        []bridge.Field
	payload      []byte
}

// samples are the events that decoders are measured with: testdata holds them, so that decoders in other languages read the same bytes.
func samples(t testing.TB) []sample {
	contact := names("FirstName", "LastName", "Email", "Phone", "MobilePhone", "MailingCity", "MailingCountry", "Title", "OwnerId", "Custom_40__c")
	account := names("Name", "Phone", "Website", "Industry", "BillingCity", "BillingCountry", "OwnerId", "NumberOfEmployees", "Custom_90__c", "Custom_200__c")
	all := []sample{
		{name: "contact-70-update", schema: "contact-70", reads: contact},
		{name: "account-250-update", schema: "account-250", reads: account},
		{name: "account-250-create", schema: "account-250", reads: account},
	}
	for i := range all {
		all[i].schema = string(stored(t, all[i].schema+".avsc"))
		payload, err := hex.DecodeString(strings.TrimSpace(string(stored(t, all[i].name+".hex"))))
		if err != nil {
			t.Fatal(err)
		}
		all[i].payload = payload
	}
	return all
}

func stored(t testing.TB, name string) []byte {
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCorpus_IsWhatTheGeneratorMakes keeps testdata and this file together.
func TestCorpus_IsWhatTheGeneratorMakes(t *testing.T) {
	contact, account := wide(t, "Contact", contactFields, 70), wide(t, "Account", accountFieldsWide, 250)
	for name, content := range map[string]string{
		"contact-70.avsc":        contact.schema,
		"account-250.avsc":       account.schema,
		"contact-70-update.hex":  contact.change(t, "Contact", "0035g00000AbCdEAAX", "Phone Email Title LastModifiedDate Custom_40__c"),
		"account-250-update.hex": account.change(t, "Account", "0015g00000AbCdEAAX", "Phone Website LastModifiedDate Custom_90__c Custom_240__c"),
		"account-250-create.hex": account.create(t, "Account", "0015g00000AbCdEAAX"),
	} {
		if *update {
			if err := os.WriteFile(filepath.Join("testdata", name), []byte(content+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := string(stored(t, name)); got != content+"\n" {
			t.Errorf("%s is not what is made here; go test -run Corpus -update writes it anew", name)
		}
	}
}

func (w *world) encode(t testing.TB, object, id, kind string, changed []string, body map[string]any) string {
	body["ChangeEventHeader"] = map[string]any{
		"entityName": object, "recordIds": []any{id}, "changeType": kind, "changeOrigin": "com/salesforce/api/soap/66.0;client=SfdcInternalAPI/",
		"transactionKey": "0009c8f5-3a3f-1c6b-9f0e-2d6c0a5be5d1", "sequenceNumber": int32(1), "commitTimestamp": int64(1785600000000),
		"commitNumber": int64(1785600000123456789), "commitUser": "0055g00000ABCDEAA4", "nulledFields": []any{}, "diffFields": []any{}, "changedFields": list(changed),
	}
	b, err := w.codec.BinaryFromNative(nil, body)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}

func (w *world) change(t testing.TB, object, id, fields string) string {
	r := rand.New(rand.NewPCG(1, 2))
	body, changed := map[string]any{}, []int{}
	for i, n := range w.names {
		if strings.Contains(" "+fields+" ", " "+n+" ") {
			body[n] = w.value(r, i)
			changed = append(changed, i)
		}
	}
	return w.encode(t, object, id, "UPDATE", bitmap(changed), body)
}

func (w *world) create(t testing.TB, object, id string) string {
	r := rand.New(rand.NewPCG(3, 4))
	body := map[string]any{}
	for i, n := range w.names {
		if n == "Phone" || n == "OwnerId" || sorts[w.sorts[i]].doc == "Data:Boolean" || r.IntN(100) < 52 {
			body[n] = w.value(r, i)
		}
	}
	return w.encode(t, object, id, "CREATE", nil, body)
}
