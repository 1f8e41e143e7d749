package fakeorg

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
)

// oauthError is the answer of the token endpoint to a refused request.
func oauthError(code, description string) reply {
	return answer(http.StatusBadRequest, members{{"error", code}, {"error_description", description}})
}

// oauth answers the endpoints under /services/oauth2; none of them counts against the allowance.
func (c *call) oauth(endpoint string, segments int) reply {
	if segments != 3 {
		return refusal(notFound())
	}
	switch endpoint {
	case "token":
		return c.form(c.token).with("Cache-Control", "no-store")
	case "revoke":
		return c.form(c.revokeToken)
	case "introspect":
		return c.form(c.introspect)
	case "userinfo":
		return c.userinfo()
	}
	return refusal(notFound())
}

// form runs an endpoint that takes a POSTed form.
func (c *call) form(run func(form url.Values) reply) reply {
	if c.r.Method != http.MethodPost {
		return oauthError("invalid_request", "must use HTTP POST")
	}
	body, err := readBody(c.r)
	if err != nil {
		return refusal(err)
	}
	form, parseErr := url.ParseQuery(string(body))
	if parseErr != nil {
		return oauthError("invalid_request", "malformed form")
	}
	for name, values := range c.r.URL.Query() {
		if !form.Has(name) {
			form[name] = values
		}
	}
	return run(form)
}

// client checks the client's credentials, in the body or as HTTP Basic; it returns a refusal where they are wrong.
func (c *call) client(form url.Values) (reply, bool) {
	id, secret, basic := c.r.BasicAuth()
	if basic {
		id, secret = unescaped(id), unescaped(secret)
	} else {
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	switch {
	case id == "":
		return oauthError("invalid_request", "missing required parameter: client_id"), false
	case id != c.org.opts.ClientID:
		return oauthError("invalid_client_id", "client identifier invalid"), false
	case subtle.ConstantTimeCompare([]byte(secret), []byte(c.org.opts.ClientSecret)) != 1:
		return oauthError("invalid_client", "invalid client credentials"), false
	}
	return reply{}, true
}

// unescaped undoes the form encoding that OAuth 2 puts on Basic credentials.
func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

func (c *call) token(form url.Values) reply {
	switch grant := form.Get("grant_type"); grant {
	case "":
		return oauthError("invalid_request", "missing required parameter: grant_type")
	case "client_credentials":
		if refused, ok := c.client(form); !ok {
			return refused
		}
		return answer(http.StatusOK, c.grant())
	case "refresh_token":
		return oauthError("invalid_grant", "expired access/refresh token")
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		return oauthError("invalid_grant", "user hasn't approved this consumer")
	case "authorization_code":
		return oauthError("invalid_grant", "invalid authorization code")
	case "password":
		return oauthError("invalid_grant", "authentication failure")
	}
	return oauthError("unsupported_grant_type", "grant type not supported")
}

// grant opens a session of the integration user and describes it. There is no expires_in, and issued_at is a string.
func (c *call) grant() members {
	now, user := c.org.now(), c.org.people.integration
	id, issued := c.identityURL(user), strconv.FormatInt(now.UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(c.org.opts.ClientSecret))
	mac.Write([]byte(id + issued))
	return members{
		{"access_token", c.org.auth.issue(c.org.OrgID(), user, c.baseURL(), now)},
		{"signature", base64.StdEncoding.EncodeToString(mac.Sum(nil))},
		{"scope", "api"},
		{"instance_url", c.baseURL()},
		{"id", id},
		{"token_type", "Bearer"},
		{"issued_at", issued},
	}
}

// baseURL is the org's own address: that of the options, else the one the request came to.
func (c *call) baseURL() string {
	if fixed := c.org.standing.Load().instance; fixed != "" {
		return fixed
	}
	scheme := "http"
	if c.r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.r.Host
}

func (c *call) identityURL(user string) string {
	return c.baseURL() + "/id/" + c.org.OrgID() + "/" + user
}

func (c *call) revokeToken(form url.Values) reply {
	token := form.Get("token")
	if token == "" || !c.org.auth.revoke(token) {
		return oauthError("invalid_token", "invalid token: "+shorten(token, 8))
	}
	return reply{status: http.StatusOK}
}

func (c *call) introspect(form url.Values) reply {
	if refused, ok := c.client(form); !ok {
		return refused
	}
	found, ok := c.org.auth.find(form.Get("token"), c.org.now())
	if !ok {
		return answer(http.StatusOK, members{{"active", false}})
	}
	row, _ := c.org.Row("User", found.user)
	issued := found.issued.Unix()
	return answer(http.StatusOK, members{
		{"active", true}, {"scope", "api"}, {"client_id", c.org.opts.ClientID}, {"username", row["Username"]}, {"sub", c.identityURL(found.user)},
		{"token_type", "access_token"}, {"exp", found.used.Add(sessionTimeout).Unix()}, {"iat", issued}, {"nbf", issued},
	})
}

// userinfo tells who the token is; a bad one is refused in plain text.
func (c *call) userinfo() reply {
	if err := c.authorise(); err != nil {
		return reply{status: http.StatusForbidden, raw: []byte("Bad_OAuth_Token"), media: "text/html;charset=UTF-8"}
	}
	return answer(http.StatusOK, c.person(c.session.user))
}

// identity answers the identity URL that stands in a token answer.
func (c *call) identity(orgID, user string) reply {
	if err := c.authorise(); err != nil {
		return reply{status: http.StatusForbidden, raw: []byte("Bad_OAuth_Token"), media: "text/html;charset=UTF-8"}
	}
	org, _ := parseID(orgID)
	id, _ := parseID(user)
	if _, ok := c.org.Row("User", id); !ok || org != c.org.OrgID() {
		return reply{status: http.StatusNotFound, raw: []byte("Wrong_Org"), media: "text/html;charset=UTF-8"}
	}
	return answer(http.StatusOK, c.person(id))
}

func (c *call) person(id string) members {
	row, _ := c.org.Row("User", id)
	root := c.baseURL() + "/services/data/v{version}/"
	return members{
		{"sub", c.identityURL(id)}, {"id", c.identityURL(id)}, {"user_id", id}, {"organization_id", c.org.OrgID()},
		{"preferred_username", row["Username"]}, {"username", row["Username"]}, {"nickname", row["Alias"]}, {"name", personName(row)},
		{"display_name", personName(row)}, {"email", row["Email"]}, {"email_verified", true}, {"zoneinfo", row["TimeZoneSidKey"]},
		{"locale", row["LocaleSidKey"]}, {"user_type", "STANDARD"}, {"active", row["IsActive"]},
		{"urls", members{{"rest", root}, {"query", root + "query/"}, {"sobjects", root + "sobjects/"}}},
		{"updated_at", jsonValue("datetime", row["LastModifiedDate"])},
	}
}
