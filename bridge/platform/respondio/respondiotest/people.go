package respondiotest

import (
	"errors"
	"slices"
	"strings"
)

// ErrNoContact is returned for an id that the workspace does not have.
var ErrNoContact = errors.New("there is no such contact")

// Create is a person or a channel creating a contact. Fields are named as in Contact.Get.
func (f *Fake) Create(fields map[string]string) Contact {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.addLocked(fields)
	f.tellLocked("contact.created", c, nil)
	return c.copy()
}

// Edit is a person changing fields; an empty text clears. Fields are named as in Contact.Get.
func (f *Fake) Edit(id uint64, fields map[string]string) (Contact, error) {
	return f.act(id, func(c *contact) {
		stage := c.Fields["lifecycle"]
		if !f.putLocked(c, fields) {
			return
		}
		if to := c.Fields["lifecycle"]; to != stage {
			f.tellLocked("contact.lifecycle.updated", c, map[string]any{"lifecycle": orNull(to), "oldLifecycle": orNull(stage), "action": "update"})
		} else {
			f.tellLocked("contact.updated", c, nil)
		}
	})
}

// Delete is a person deleting the contact. respond.io has no webhook for it.
func (f *Fake) Delete(id uint64) error {
	_, err := f.act(id, f.dropLocked)
	return err
}

// Tag is a person adding a tag.
func (f *Fake) Tag(id uint64, tag string) error {
	_, err := f.act(id, func(c *contact) { f.tagLocked(c, tag) })
	return err
}

// Receive is the contact writing a text through a channel.
func (f *Fake) Receive(id uint64, text string) error {
	_, err := f.act(id, func(c *contact) {
		f.tellLocked("message.received", c, map[string]any{"channel": channel(), "message": f.messageLocked(c, "incoming", text)})
	})
	return err
}

// Answer is somebody writing to the contact; source is who: user, workflow, bot, or api for an API call.
func (f *Fake) Answer(id uint64, text, source string) error {
	_, err := f.act(id, func(c *contact) {
		f.tellLocked("message.sent", c, map[string]any{
			"channel": channel(), "message": f.messageLocked(c, "outgoing", text), "sender": map[string]any{"source": source, "userId": 501},
		})
	})
	return err
}

// CloseConversation is a person closing the conversation with a note.
func (f *Fake) CloseConversation(id uint64, category, summary string) error {
	_, err := f.act(id, func(c *contact) {
		c.Fields["status"] = "closed"
		now := f.o.Now().Unix()
		f.tellLocked("conversation.closed", c, map[string]any{"conversation": map[string]any{
			"category": category, "summary": summary, "openedTime": now - 3600, "openedBySource": "contact", "closedTime": now,
			"closedBy":       map[string]any{"id": 501, "firstName": "Aya", "lastName": "Agent", "email": "aya@example.com"},
			"closedBySource": "user", "firstResponseTime": 100, "resolutionTime": 3600, "incomingMessageCount": 2, "outgoingMessageCount": 2,
			"assigneeTeam": "Sales", "lastAssignmentTime": now - 3500,
		}})
	})
	return err
}

// OpenConversation is the contact beginning a conversation.
func (f *Fake) OpenConversation(id uint64) error {
	_, err := f.act(id, func(c *contact) {
		c.Fields["status"] = "open"
		f.tellLocked("conversation.opened", c, map[string]any{"conversation": map[string]any{
			"openedTime": f.o.Now().Unix(), "openedBySource": "contact", "source": "contact",
		}})
	})
	return err
}

// Contacts are all contacts, oldest first.
func (f *Fake) Contacts() []Contact {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Contact
	for _, c := range f.sortedLocked() {
		all = append(all, c.copy())
	}
	return all
}

// Contact is one contact.
func (f *Fake) Contact(id uint64) (Contact, error) { return f.act(id, func(*contact) {}) }

func (f *Fake) act(id uint64, do func(c *contact)) (Contact, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.contacts[id]
	if !ok {
		return Contact{}, ErrNoContact
	}
	do(c)
	return c.copy(), nil
}

func (f *Fake) tagLocked(c *contact, tag string) {
	if slices.Contains(c.Tags, tag) {
		return
	}
	c.Tags = append(c.Tags, tag)
	f.tellLocked("contact.tag.updated", c, map[string]any{"tag": tag, "action": "add"})
}

func (f *Fake) untagLocked(c *contact, tag string) {
	i := slices.Index(c.Tags, tag)
	if i < 0 {
		return
	}
	c.Tags = slices.Delete(c.Tags, i, i+1)
	f.tellLocked("contact.tag.updated", c, map[string]any{"tag": tag, "action": "remove"})
}

func (f *Fake) messageLocked(c *contact, traffic, text string) map[string]any {
	f.message++
	return map[string]any{
		"messageId": f.message, "channelMessageId": "wamid.EXAMPLE", "contactId": c.ID, "channelId": 7001, "traffic": traffic,
		"message": map[string]any{"type": "text", "text": strings.ToValidUTF8(text, "?")}, "timestamp": f.o.Now().UnixMilli(), "status": []any{},
	}
}

func channel() map[string]any {
	return map[string]any{"id": 7001, "name": "WhatsApp MY", "source": "whatsapp_cloud", "meta": "{}", "created_at": 1690000000}
}
