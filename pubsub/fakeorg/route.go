package fakeorg

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// The API versions an org of Summer '26 answers.
const (
	oldestVersion = 31
	newestVersion = 67
)

var versionForm = regexp.MustCompile(`^v([0-9]{2,3})\.0$`)

// route answers a request by its path.
func (c *call) route(path []string) reply {
	head := func(i int) string {
		if i < len(path) {
			return strings.ToLower(path[i])
		}
		return ""
	}
	switch {
	case head(0) == "services" && head(1) == "oauth2":
		return c.oauth(head(2), len(path))
	case head(0) == "id" && len(path) == 3:
		return c.identity(path[1], path[2])
	case head(0) == "services" && head(1) == "data" && len(path) == 2:
		return c.versions()
	case head(0) == "services" && head(1) == "data":
		return c.data(head(2), path[3:])
	}
	return refusal(notFound())
}

// data answers what lies behind a version: it wants a token, and it counts.
func (c *call) data(version string, path []string) reply {
	form := versionForm.FindStringSubmatch(version)
	if form == nil {
		return refusal(notFound())
	}
	number, _ := strconv.Atoi(form[1])
	if number > newestVersion {
		return refusal(notFound())
	}
	if number < oldestVersion {
		return refusal(refuse("UNSUPPORTED_API_VERSION", "API version %s is retired", version).as(http.StatusGone))
	}
	c.version, c.path = version, path
	if page, closed := c.maintained(); closed {
		return page
	}
	if err := c.authorise(); err != nil {
		return refusal(err)
	}
	c.counted = true
	if used := c.org.calls.count(c.org.now()); used > c.org.usageMax.Load() {
		return refusal(refuse("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").as(http.StatusForbidden))
	}
	return c.resource()
}

// authorise finds the session of the token, whatever word stands before it.
func (c *call) authorise() *Error {
	header := strings.Fields(c.r.Header.Get("Authorization"))
	if len(header) == 2 {
		if found, ok := c.org.auth.find(header[1], c.org.now()); ok {
			c.session = found
			return nil
		}
	}
	return refuse("INVALID_SESSION_ID", "Session expired or invalid").as(http.StatusUnauthorized)
}

func (c *call) resource() reply {
	switch head := strings.ToLower(c.at(0)); head {
	case "":
		return c.only(c.resources, http.MethodGet)
	case "limits":
		return c.only(c.limits, http.MethodGet)
	case "sobjects":
		return c.sobjects()
	case "query", "queryall":
		return c.only(func() reply { return c.query(head == "queryall") }, http.MethodGet)
	case "composite":
		return c.composite()
	case "ui-api":
		return c.only(c.picklistValues, http.MethodGet)
	case "tooling":
		return c.only(c.tooling, http.MethodGet)
	}
	return refusal(notFound())
}

// at returns the i-th segment behind the version, or "".
func (c *call) at(i int) string {
	if i < len(c.path) {
		return c.path[i]
	}
	return ""
}

// only runs the answer for the allowed methods and refuses the others.
func (c *call) only(run func() reply, allowed ...string) reply {
	for _, method := range allowed {
		if c.method == method || c.method == http.MethodHead && method == http.MethodGet {
			return run()
		}
	}
	return c.wrongMethod(allowed...)
}

func (c *call) wrongMethod(allowed ...string) reply {
	list := strings.Join(allowed, ",")
	return refusal(refuse("METHOD_NOT_ALLOWED", "HTTP Method '%s' not allowed. Allowed are %s", c.method, list).as(http.StatusMethodNotAllowed)).with("Allow", list)
}

// actor is who writes through this call. The client's name, and its wish that no assignment rule runs, count where Salesforce documents
// them: on rows, not on collections.
func (c *call) actor(collection bool) Actor {
	origin := "com/salesforce/api/rest/" + strings.TrimPrefix(c.version, "v")
	if name := c.clientName(); name != "" && (!collection || c.org.collectionsOrigin.Load()) {
		origin += ";client=" + name
		if c.org.slashOrigin.Load() {
			origin += "/"
		}
	}
	unassigned := strings.EqualFold(c.r.Header.Get("Sforce-Auto-Assign"), "false") && !collection
	return Actor{User: c.session.user, Origin: origin, assigns: !unassigned, saves: !collection && c.savesDuplicates()}
}

func (c *call) clientName() string {
	options := c.r.Header.Get("Sforce-Call-Options")
	for option := range strings.FieldsFuncSeq(options, func(r rune) bool { return r == ',' || r == ';' }) {
		if key, value, ok := strings.Cut(option, "="); ok && strings.EqualFold(strings.TrimSpace(key), "client") {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// versions lists what the org speaks; it wants no token and does not count.
func (c *call) versions() reply {
	return c.only(func() reply {
		var list []members
		for n := oldestVersion; n <= newestVersion; n++ {
			list = append(list, members{{"label", versionLabel(n)}, {"url", fmt.Sprintf("/services/data/v%d.0", n)}, {"version", fmt.Sprintf("%d.0", n)}})
		}
		return answer(http.StatusOK, list)
	}, http.MethodGet)
}

// versionLabel names the release of an API version: 58 was Summer '23, and three come every year.
func versionLabel(n int) string {
	season := [...]string{"Spring", "Summer", "Winter"}[n%3]
	return fmt.Sprintf("%s '%02d", season, (n+13)/3)
}

func (c *call) resources() reply {
	root := "/services/data/" + c.version
	out := members{}
	for _, name := range []string{"composite", "limits", "query", "queryAll", "sobjects"} {
		out.add(name, root+"/"+name)
	}
	out.add("identity", c.baseURL()+"/id/"+c.org.OrgID()+"/"+c.session.user)
	return answer(http.StatusOK, out)
}

// addedDeliveries is the allowance of event deliveries that is told where none is held to: an add-on is for a month, and soft.
const addedDeliveries = 3_000_000

// limits answers the allowances, or the approximate number of rows.
func (c *call) limits() reply {
	if strings.EqualFold(c.at(1), "recordCount") {
		return c.recordCount()
	}
	if c.at(1) != "" {
		return refusal(notFound())
	}
	limit := func(maximum, remaining int64) members { return members{{"Max", maximum}, {"Remaining", remaining}} }
	most := c.org.usageMax.Load()
	deliveries, delivered := c.org.Delivered()
	if deliveries == 0 {
		deliveries = addedDeliveries
	}
	return answer(http.StatusOK, members{
		{"DailyApiRequests", limit(most, max(0, most-c.org.calls.used(c.org.now())))},
		{"DailyAsyncApexExecutions", limit(250_000, 250_000)},
		{"DailyBulkApiBatches", limit(15_000, 15_000)},
		{"DailyBulkV2QueryFileStorageMB", limit(976_562, 976_562)},
		{"DailyBulkV2QueryJobs", limit(10_000, 10_000)},
		{"DailyDeliveredPlatformEvents", limit(int64(deliveries), int64(max(0, deliveries-delivered)))},
		{"DataStorageMB", limit(10_240, 10_000)},
		{"FileStorageMB", limit(10_240, 10_240)},
		{"HourlyPublishedPlatformEvents", limit(250_000, 250_000)},
		{"SingleEmail", limit(5_000, 5_000)},
	})
}

func (c *call) recordCount() reply {
	wanted := strings.ToLower(c.r.URL.Query().Get("sObjects"))
	list := []members{}
	for _, o := range c.org.objects() {
		if wanted == "" || strings.Contains(","+wanted+",", ","+strings.ToLower(o.Name)+",") {
			list = append(list, members{{"count", len(c.org.Rows(o.Name))}, {"name", o.Name}})
		}
	}
	return answer(http.StatusOK, members{{"sObjects", list}})
}
