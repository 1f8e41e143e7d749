package fakeorg

import "testing"

func BenchmarkDo_Creates200Contacts(b *testing.B) {
	org := New(Options{})
	for b.Loop() {
		err := org.Do(func(tx *Tx) error {
			for range 200 {
				if _, err := tx.Create("Contact", fields{"LastName": "L", "Email": "a@x.io"}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
