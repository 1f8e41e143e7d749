package salesforce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"sfbridge/bridge/rest"
)

// exchange is one client credentials exchange. The oauth2 package speaks the protocol; its requests go through our own client, whose bounds, metrics
// and judgement hold for them too.
// https://help.salesforce.com/s/articleView?id=xcloud.configure_client_credentials_flow_for_external_client_apps.htm
type exchange struct {
	client *rest.Client
	answer *rest.Answer // of the token endpoint, nil where there was none
	err    error        // our client's judgement of it
}

var _ http.RoundTripper = (*exchange)(nil)

// run asks for a token as the app. Credentials go in the body: guessing where they belong would log in twice.
func (x *exchange) run(ctx context.Context, c Config) (grant, error) {
	cfg := clientcredentials.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, TokenURL: c.LoginURL + tokenPath, AuthStyle: oauth2.AuthStyleInParams,
	}
	t, err := cfg.Token(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: x}))
	switch {
	case x.err != nil:
		return grant{}, x.err
	case err != nil:
		return grant{}, fmt.Errorf("log in: %w", readable(err))
	}
	g := grant{AccessToken: t.AccessToken}
	g.InstanceURL, _ = t.Extra("instance_url").(string)
	g.ID, _ = t.Extra("id").(string)
	return g, nil
}

// readable leaves the body out of an error of the oauth2 package: it may hold a token.
func readable(err error) error {
	if strings.Contains(err.Error(), "missing access_token") {
		return errors.New("the token answer holds no usable access token")
	}
	return errors.New("the token answer is no JSON that can be read")
}

const tokenPath = "/services/oauth2/token"

// RoundTrip carries one request of the oauth2 package through our client.
func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxGrant))
	if err != nil {
		return nil, err
	}
	x.answer, x.err = x.client.Do(r.Context(), &rest.Call{
		Op: "log in", Method: r.Method, Path: tokenPath, Repeatable: true, Body: body, Header: http.Header{"Content-Type": r.Header["Content-Type"]},
	})
	if x.answer == nil {
		return nil, x.err
	}
	a := x.answer
	header := a.Header.Clone()
	header.Set("Content-Type", "application/json") // by its text alone the package would take an answer for a form
	return &http.Response{
		StatusCode: a.Status, Status: http.StatusText(a.Status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header,
		Body: io.NopCloser(bytes.NewReader(a.Body)), ContentLength: int64(len(a.Body)), Request: r,
	}, nil
}
