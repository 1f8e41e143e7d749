package salesforce

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// maxAnswer bounds one answer: 2,000 rows with long text areas, or a describe of the widest object.
const maxAnswer = 32 << 20

// Operations as errors and metrics name them. Those of rowOps are about one row, and so are their errors.
const (
	opVersions = "list versions"
	opLimits   = "read limits"
	opDescribe = "describe object"
	opQuery    = "query rows"
	opRetrieve = "read rows"
	opWrite    = "write rows"
	opCreate   = "create row"
	opUpdate   = "update row"
	opUpsert   = "upsert row"
)

var rowOps = map[string]bool{opCreate: true, opUpdate: true, opUpsert: true}

// Client speaks REST to one org. It is safe for use by many at once; the calls run side by side without limit.
type Client struct {
	config Config
	deps   Deps
	login  *Login
	rest   *rest.Client
	meter  *quota
	types  *describes
	sizes  *chunkSizes
	owners *owners

	matches *gather[match, []bridge.RecordID]
	seeks   *gather[[]match, [][]bridge.RecordID]
	reads   *gather[reading, bridge.Row]
	births  *gather[birth, []bridge.Converted]
	header  http.Header // of every write
}

var (
	_ bridge.Writer     = (*Client)(nil)
	_ bridge.EachWriter = (*Client)(nil)
	_ bridge.Reader     = (*Client)(nil)
)

// NewClient builds a client whose sessions come from login, which is the caller's to close. It calls nothing yet.
func NewClient(c Config, d Deps, login *Login) (*Client, error) {
	c, d = c.withDefaults(), d.withDefaults()
	client := &Client{
		config: c, deps: d, login: login, meter: newQuota(c, d), types: newDescribes(d.Now), sizes: newChunkSizes(d.Chunks, d.Log), owners: newOwners(d.Now),
		header: http.Header{"Sforce-Call-Options": {"client=" + c.ClientName}, "Sforce-Auto-Assign": {"FALSE"}},
	}
	client.matches = newGather(maxMatches, client.matchAll)
	client.seeks = newGather(maxMatches, client.seekAll)
	client.seeks.linger = func() time.Duration { return client.Linger() / 2 } // the row that may come of it waits for the other half
	client.reads = newGather(maxInQuery, client.readAll)
	client.births = newGather(maxInQuery, client.birthsOf)
	wire := d.rest()
	wire.Hold = d.Hold
	wire.Judge = func(call *rest.Call, a *rest.Answer) error {
		used := client.meter.read(a.Header)
		return judgeAnswer(call, a, used.Full())
	}
	wire.Authorize = client.authorize
	var err error
	client.rest, err = rest.New(rest.Config{
		Destination: "salesforce", Timeout: c.Timeout, MaxBody: maxAnswer, AllowPlain: c.AllowPlain,
	}, wire)
	if err != nil {
		return nil, fmt.Errorf("client of %s: %w", c.Name, err)
	}
	return client, nil
}

// Close lets go of idle connections. Calls in flight go on.
func (c *Client) Close() error { return c.rest.Close() }

func (c *Client) authorize(ctx context.Context) (string, http.Header, error) {
	s, err := c.login.Token(ctx)
	if err != nil {
		return "", nil, err
	}
	return s.InstanceURL, http.Header{"Authorization": {"Bearer " + s.AccessToken}}, nil
}

// headers are those of a write; assign is the assignment rule that shall run.
func (c *Client) headers(assign string) http.Header {
	h := c.header.Clone()
	switch assign {
	case "":
	case assignDefault:
		h.Set("Sforce-Auto-Assign", "TRUE")
	default:
		h.Set("Sforce-Auto-Assign", assign)
	}
	return h
}

// assignDefault has the active assignment rule of the object run.
const assignDefault = "default"

// path is a path below the pinned version.
func (c *Client) path(below string) string { return "/services/data/" + c.config.APIVersion + below }

// do sends a call while the quota allows it, and once more with a new session where the old one was refused.
func (c *Client) do(ctx context.Context, call *rest.Call) error {
	if err := c.meter.admit(call.Op); err != nil {
		return err
	}
	session, err := c.login.Token(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", call.Op, err)
	}
	a, err := c.rest.Do(ctx, call)
	if e, ok := asAPIError(err); ok && e.Class == Unauthorised {
		c.login.Invalidate(session)
		a, err = c.rest.Do(ctx, call)
	}
	if a != nil && err != nil && !call.Repeatable && a.HTML() {
		err = bridge.Uncertain(err) // a page of the edge says nothing about what was reached behind it
	}
	c.meter.settle(err)
	return err
}
