package respondio

import (
	"sfbridge/bridge"
	"sfbridge/bridge/platform"
)

// custom is the prefix of the workspace's own fields.
const custom = "custom."

// field is one line of the table between respond.io's JSON and our attributes.
type field struct {
	path string // in the JSON
	name bridge.Attribute
	kind kind
}

// kind is how a JSON value becomes a bridge.Value.
type kind uint8

const (
	plain  kind = iota // text, number and bool as they are
	number             // an id: its digits as text
	phone              // text
	set                // a list of texts
	unixS              // seconds since 1970
	unixMS
	unixUS
)

// contactFields is a contact as it is read. https://developers.respond.io
var contactFields = []field{
	{"id", "id", number}, {"firstName", "firstName", plain}, {"lastName", "lastName", plain}, {"phone", "phone", phone}, {"email", "email", plain},
	{"language", "language", plain}, {"profilePic", "profilePic", plain}, {"locale", "locale", plain}, {"countryCode", "countryCode", plain},
	{"isBlocked", "isBlocked", plain}, {"status", "status", plain}, {"lifecycle", "lifecycle", plain}, {"created_at", "created_at", unixS},
	{"assignee.id", "assignee.id", number}, {"assignee.email", "assignee.email", plain}, {"assignee.firstName", "assignee.firstName", plain},
	{"assignee.lastName", "assignee.lastName", plain}, {"tags", "tags", set},
}

// activityFields is what callbacks say besides the contact.
var activityFields = []field{
	{"event_id", "event.id", plain}, {"event_type", "event.type", plain},
	{"message.messageId", "message.id", number}, {"message.channelMessageId", "message.channelMessageId", plain},
	{"message.traffic", "message.traffic", plain}, {"message.timestamp", "message.timestamp", unixMS},
	{"message.message.type", "message.type", plain}, {"message.message.text", "message.text", plain},
	{"message.message.subject", "message.subject", plain}, {"message.message.attachment.type", "message.attachment.type", plain},
	{"message.message.attachment.url", "message.attachment.url", plain}, {"message.message.attachment.fileName", "message.attachment.fileName", plain},
	{"message.message.attachment.mime", "message.attachment.mime", plain},
	{"channel.id", "channel.id", number}, {"channel.name", "channel.name", plain}, {"channel.source", "channel.source", plain},
	{"sender.source", "sender.source", plain}, {"sender.userId", "sender.userId", number},
	{"conversation.source", "conversation.source", plain}, {"conversation.category", "conversation.category", plain},
	{"conversation.summary", "conversation.summary", plain}, {"conversation.openedTime", "conversation.openedTime", unixS},
	{"conversation.openedBySource", "conversation.openedBySource", plain}, {"conversation.closedTime", "conversation.closedTime", unixS},
	{"conversation.closedBySource", "conversation.closedBySource", plain}, {"conversation.closedBy.id", "conversation.closedBy.id", number},
	{"conversation.closedBy.email", "conversation.closedBy.email", plain}, {"conversation.firstResponseTime", "conversation.firstResponseTime", plain},
	{"conversation.resolutionTime", "conversation.resolutionTime", plain}, {"conversation.assigneeTeam", "conversation.assigneeTeam", plain},
	{"conversation.incomingMessageCount", "conversation.incomingMessageCount", plain},
	{"conversation.outgoingMessageCount", "conversation.outgoingMessageCount", plain},
	{"conversation.lastAssignmentTime", "conversation.lastAssignmentTime", unixS},
	{"comment.text", "comment.text", plain}, {"text", "comment.text", plain},
	{"call.direction", "call.direction", plain}, {"call.duration", "call.duration", plain}, {"call.status", "call.status", plain},
}

// writable are the attributes that an API call may set, by the name it has there as well.
var writable = []bridge.Attribute{"firstName", "lastName", "phone", "email", "language", "profilePic", "countryCode"}

// Events are the types of activity that respond.io tells of.
var events = []string{"message.received", "message.sent", "conversation.opened", "conversation.closed", "comment.created", "call.ended"}

// Traits says what respond.io can do.
func Traits() *platform.Traits {
	t := &platform.Traits{Name: "respond.io", Custom: custom, Events: append([]string(nil), events...)}
	for _, f := range contactFields {
		a := platform.Attribute{Name: f.name, ReadOnly: !isWritable(f.name), Creates: f.name == "phone" || f.name == "email"}
		switch f.name {
		case "phone":
			a.Format = bridge.PhoneFormat
		case "email", "assignee.email":
			a.Format = bridge.EmailFormat
		}
		t.Attributes = append(t.Attributes, a)
	}
	for _, f := range activityFields {
		t.Activities = append(t.Activities, f.name)
	}
	return t
}

func isWritable(a bridge.Attribute) bool {
	for _, w := range writable {
		if a == w {
			return true
		}
	}
	return a == "lifecycle"
}
