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
