package bridge

// OrgID is the 18-character id of a Salesforce org.
type OrgID string

// ProjectID is the configured name of one workspace of one messaging platform.
type ProjectID string

// TransferID names a transfer inside its project.
type TransferID string

// Object is the API name of a Salesforce object, such as Contact or Vehicle__c.
type Object string

// Field is the REST name of a Salesforce field: MailingCity, never the compound MailingAddress.City. Parent.Field reads one parent up.
type Field string

// Attribute names a field of a platform's contact, such as email or custom.birthday.
type Attribute string

// RecordID is the 18-character id of a Salesforce record.
type RecordID string

// ContactID is the id by which a platform knows a contact.
type ContactID string

// Topic is the name of a Pub/Sub topic, such as /data/ContactChangeEvent.
type Topic string

// EntryID is the sequential key of an entry in the journal; 0 is none, ids grow with every append.
type EntryID uint64

// DeliveryID is the stable identity of a delivery: a hash of org, event id, record and transfer. It never changes when the delivery is retried or redriven.
type DeliveryID string

// idSuffix are the characters of the checksum of an id.
const idSuffix = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

// LongID is the 18-character form of a 15-character id; anything else is returned as it is.
// https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/field_types.htm#i1435616
func LongID(id string) string {
	if len(id) != 15 {
		return id
	}
	long := []byte(id)
	for group := 0; group < 15; group += 5 {
		bits := 0
		for i, c := range []byte(id[group : group+5]) {
			if c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		long = append(long, idSuffix[bits])
	}
	return string(long)
}

// IsID reports whether s has the form of an id: 15 characters, or 18 with a right checksum.
func IsID(s string) bool {
	if len(s) != 15 && (len(s) != 18 || LongID(s[:15]) != s) {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
