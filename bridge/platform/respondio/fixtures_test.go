package respondio_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/platformtest"
)

// fixtures are the callbacks of testdata with what they mean.
func fixtures(t testing.TB) []platformtest.Fixture {
	thin := bridge.Attributes{
		"id": bridge.TextValue("90001"), "firstName": bridge.TextValue("Mei"), "lastName": bridge.TextValue("Tan"), "phone": bridge.TextValue("+60123456789"),
		"email": bridge.TextValue("mei@example.com"), "language": bridge.TextValue("en"), "countryCode": bridge.TextValue("MY"),
		"status": bridge.TextValue("open"), "lifecycle": bridge.TextValue("New Lead"), "assignee.id": bridge.TextValue("501"),
		"assignee.email": bridge.TextValue("aya@example.com"), "profilePic": bridge.NullValue(),
		"created_at": {Kind: bridge.DateTime, Text: "2023-11-14T22:13:20Z"},
	}
	with := func(base, more bridge.Attributes) bridge.Attributes {
		all := maps.Clone(base)
		maps.Copy(all, more)
		return all
	}
	full := with(thin, bridge.Attributes{
		"tags": {Kind: bridge.Multi, Text: "VIP"}, "custom.salesforce_id": bridge.TextValue("003000000000001AAA"),
		"custom.birthday": bridge.TextValue("1990-05-17"),
	})
	unknown := []bridge.Attribute{"tags", "custom.birthday", "locale", "isBlocked"}
	text := bridge.TextValue
	fs := []platformtest.Fixture{
		{Name: "contact_created", Notice: touched("05", "contact.created"), Values: full, Unknown: unknown[2:]},
		{Name: "contact_updated", Notice: touched("06", "contact.updated"), Values: with(full, bridge.Attributes{"lastName": text("Tan-Lim")})},
		{Name: "contact_tag_updated", Notice: touched("07", "contact.tag.updated"), Values: thin, Unknown: unknown},
		{Name: "contact_assignee_updated", Notice: touched("08", "contact.assignee.updated"), Values: bridge.Attributes{"id": text("90001")}, Unknown: unknown},
		{Name: "contact_lifecycle_updated", Notice: touched("09", "contact.lifecycle.updated"), Values: with(thin, bridge.Attributes{"lifecycle": text("Payment")})},
		{Name: "message_received", Notice: happened("01", "message.received"), Values: thin, Unknown: unknown, Activity: bridge.Attributes{
			"message.text": text("Hello, is the blue one in stock?"), "message.type": text("text"), "message.traffic": text("incoming"),
			"message.id": text("1700000100000000"), "channel.source": text("whatsapp_cloud"), "channel.id": text("7001"),
			"message.timestamp": {Kind: bridge.DateTime, Text: "2023-11-14T22:15:00Z"}, "event.type": text("message.received"),
		}},
		{Name: "message_received_attachment", Notice: happened("02", "message.received"), Values: thin, Activity: bridge.Attributes{
			"message.type": text("attachment"), "message.attachment.type": text("image"), "message.attachment.url": text("https://cdn.example.com/a.jpg"),
		}},
		{Name: "message_sent", Notice: happened("03", "message.sent"), Values: thin, Activity: bridge.Attributes{
			"message.text": text("Yes, two left."), "message.traffic": text("outgoing"), "sender.source": text("user"), "sender.userId": text("501"),
		}},
		{Name: "message_sent_by_api_echo", Notice: ignored("04", "message.sent"), Values: thin},
		{Name: "conversation_opened", Notice: happened("10", "conversation.opened"), Values: thin, Activity: bridge.Attributes{
			"conversation.openedBySource": text("contact"), "conversation.openedTime": {Kind: bridge.DateTime, Text: "2023-11-14T22:15:00Z"},
		}},
		{Name: "conversation_closed", Notice: happened("11", "conversation.closed"), Values: with(thin, bridge.Attributes{"status": text("closed")}),
			Activity: bridge.Attributes{
				"conversation.category": text("Sales"), "conversation.summary": text("Asked for stock; bought one."),
				"conversation.resolutionTime": bridge.IntValue(3600), "conversation.closedBy.email": text("aya@example.com"),
			}},
	}
	for i := range fs {
		fs[i].Body = fixture(t, fs[i].Name)
	}
	return fs
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "respondio_"+name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func notice(event, kind string) bridge.Notice {
	return bridge.Notice{Event: "11111111-1111-4111-8111-1111111111" + event, Type: kind, Contact: "90001"}
}

func touched(event, kind string) bridge.Notice {
	n := notice(event, kind)
	n.Kind = bridge.ContactTouched
	return n
}

func happened(event, kind string) bridge.Notice {
	n := notice(event, kind)
	n.Kind = bridge.Happened
	return n
}

func ignored(event, kind string) bridge.Notice {
	n := notice(event, kind)
	n.Kind = bridge.Ignored
	return n
}
