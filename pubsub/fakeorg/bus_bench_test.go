package fakeorg

import "testing"

func BenchmarkPublish(b *testing.B) {
	o := New(Options{})
	contact := o.object("Contact")
	row := map[string]any{"LastName": "Sato", "FirstName": "Aiko", "Email": "a@example.com", "MobilePhone": "+819012345678", "MailingCity": "Tokyo"}
	b.ReportAllocs()
	for b.Loop() {
		publish(o, update(contact, "003000000000001AAA", row, "Email", "MailingCity"))
	}
}
