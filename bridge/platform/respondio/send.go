package respondio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// tagsPerCall is how many tags respond.io takes at once.
const tagsPerCall = 10

// settle is how long a contact that was just created may be unknown to other calls.
const settle = 2 * time.Second

// Send carries the message out and answers the contact's id. An update of a contact that is gone wraps bridge.ErrNotFound; a delete of one is done.
func (c *Client) Send(ctx context.Context, m bridge.Message) (bridge.ContactID, error) {
	switch m.Op {
	case bridge.OpCreate:
		return c.create(ctx, m)
	case bridge.OpUpdate:
		return m.Contact, c.update(ctx, m)
	case bridge.OpDelete:
		return m.Contact, c.remove(ctx, m.Contact)
	default:
		return "", bridge.Permanent(fmt.Errorf("respond.io knows no operation %q", string(m.Op)))
	}
}

// create creates the contact, or updates the one that has the same phone or e-mail.
func (c *Client) create(ctx context.Context, m bridge.Message) (bridge.ContactID, error) {
	segment, ok := creator(m)
	if !ok {
		return "", bridge.Permanent(errors.New("create contact: respond.io creates contacts by e-mail or international phone number, and there is neither"))
	}
	body, err := c.body(said(m.Set))
	if err != nil {
		return "", bridge.Permanent(fmt.Errorf("create contact: %w", err))
	}
	body["firstName"] = firstName(m)
	var answer object
	call := &rest.Call{Op: "create contact", Method: http.MethodPost, Path: "/contact/create_or_update/" + segment, Body: body, Into: &answer}
	if _, err := c.http.Do(ctx, call); err != nil {
		return "", err
	}
	id := bridge.ContactID(value(answer["contactId"], number).Text)
	if _, ok := byID(id); !ok {
		return "", bridge.Uncertain(errors.New("create contact: the answer holds no contactId"))
	}
	return id, c.afterCreate(ctx, id, m)
}

// afterCreate does what a create cannot. A contact that is not found so soon is no deleted one.
func (c *Client) afterCreate(ctx context.Context, id bridge.ContactID, m bridge.Message) error {
	err := c.stage(ctx, id, said(m.Set))
	if err == nil {
		err = c.tag(ctx, id, m.Tags)
	}
	if isNotFound(err) {
		return bridge.After(errors.New("just created: "+err.Error()), settle)
	}
	return err
}

// update sends what is set, and nothing where nothing is. None of its calls is called repeatable, though each may be: where nobody knows whether it was
// carried out, the contact may hold what it said, and that must not pass for somebody's edit.
func (c *Client) update(ctx context.Context, m bridge.Message) error {
	segment, ok := byID(m.Contact)
	if !ok {
		return bridge.Permanent(fmt.Errorf("update contact: the id is not one of respond.io: %w", bridge.ErrNotFound))
	}
	body, err := c.body(m.Set)
	if err != nil {
		return bridge.Permanent(fmt.Errorf("update contact: %w", err))
	}
	if len(body) > 0 {
		call := &rest.Call{Op: "update contact", Method: http.MethodPut, Path: "/contact/" + segment, Body: body}
		if _, err := c.http.Do(ctx, call); err != nil {
			return err
		}
	}
	err = c.stage(ctx, m.Contact, m.Set)
	if err == nil {
		err = c.tag(ctx, m.Contact, m.Tags)
	}
	if err != nil && len(body) > 0 && !isNotFound(err) {
		return bridge.Uncertain(err) // a part of it is done
	}
	return err
}

func (c *Client) remove(ctx context.Context, id bridge.ContactID) error {
	segment, ok := byID(id)
	if !ok {
		return nil // respond.io has none of it
	}
	_, err := c.http.Do(ctx, &rest.Call{Op: "delete contact", Method: http.MethodDelete, Path: "/contact/" + segment, Repeatable: true})
	if isNotFound(err) {
		return nil
	}
	return err
}

// stage moves the contact in its lifecycle, which has a call of its own.
func (c *Client) stage(ctx context.Context, id bridge.ContactID, set bridge.Attributes) error {
	v := set["lifecycle"]
	if !v.Known() {
		return nil
	}
	segment, _ := byID(id)
	body := object{"name": nil}
	if !v.IsNull() {
		body["name"] = v.Text
	}
	_, err := c.http.Do(ctx, &rest.Call{
		Op: "move lifecycle", Method: http.MethodPost, Path: "/contact/" + segment + "/lifecycle/update", Body: body,
	})
	return err
}

func (c *Client) tag(ctx context.Context, id bridge.ContactID, tags []string) error {
	segment, _ := byID(id)
	for some := range slices.Chunk(tags, tagsPerCall) {
		call := &rest.Call{Op: "tag contact", Method: http.MethodPost, Path: "/contact/" + segment + "/tag", Body: some, Repeatable: true}
		if _, err := c.http.Do(ctx, call); err != nil {
			return err
		}
	}
	return nil
}

func isNotFound(err error) bool { return errors.Is(err, bridge.ErrNotFound) }
