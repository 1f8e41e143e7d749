package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"sfbridge/pubsub/pubsubpb"
)

// launch runs the program until the test ends and returns its addresses.
func launch(t *testing.T, args ...string) (web, rpc string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"-http", "127.0.0.1:0", "-grpc", "127.0.0.1:0"}, args...), writer, io.Discard)
		_ = writer.Close()
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case code := <-ended:
			if code != exitStopped {
				t.Errorf("exit code %d", code)
			}
		case <-time.After(10 * time.Second):
			t.Error("the program does not stop")
		}
	})
	lines := bufio.NewScanner(reader)
	for range 2 {
		if !lines.Scan() {
			t.Fatal("the program does not say where it listens")
		}
		if address, ok := strings.CutPrefix(lines.Text(), "http "); ok {
			web = address
		}
		if address, ok := strings.CutPrefix(lines.Text(), "grpc "); ok {
			rpc = address
		}
	}
	return web, rpc
}

func TestFakeorg_SpeaksTLSOnBothListeners(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	web, rpc := launch(t, "-tls", "-ca", ca, "-client-id", "me", "-client-secret", "hush")
	authority, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	trust := &tls.Config{RootCAs: pool}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust}}
	answer, err := client.PostForm(web+"/services/oauth2/token",
		url.Values{"grant_type": {"client_credentials"}, "client_id": {"me"}, "client_secret": {"hush"}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(web)) {
		t.Errorf("token answer %d: %s", answer.StatusCode, body)
	}
	conn, err := grpc.NewClient(rpc, grpc.WithTransportCredentials(credentials.NewTLS(trust)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = pubsubpb.NewPubSubClient(conn).GetTopic(t.Context(), &pubsubpb.TopicRequest{TopicName: "/data/ContactChangeEvent"})
	if got := status.Code(err); got != codes.Unauthenticated {
		t.Errorf("GetTopic without metadata: %v", err)
	}
	client.CloseIdleConnections()
}

func TestFakeorg_TakesASeed(t *testing.T) {
	seed := filepath.Join(t.TempDir(), "seed.json")
	text := `{"objects":[{"name":"Vehicle__c","fields":[{"name":"Vin__c","type":"string","length":17,"externalId":true}]}],
		"rows":[{"object":"Vehicle__c","fields":{"Name":"Car","Vin__c":"V1"}}]}`
	if err := os.WriteFile(seed, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	web, _ := launch(t, "-seed", seed)
	answer, err := http.Get(web + "/__fake/v1/rows?object=vehicle__c")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); !bytes.Contains(body, []byte(`"Vin__c":"V1"`)) {
		t.Errorf("rows: %s", body)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestFakeorg_TellsWhatIsWrongAndExits(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"rowz":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		tell string
	}{
		{[]string{"-nope"}, exitUsage, "-nope"},
		{[]string{"extra"}, exitUsage, "extra"},
		{[]string{"-seed", bad}, exitUsage, "rowz"},
		{[]string{"-http", "256.0.0.1:1"}, exitEnvironment, "listen for HTTP"},
		{[]string{"-h"}, exitStopped, "-client-secret"},
	} {
		var errs bytes.Buffer
		if code := run(t.Context(), c.args, io.Discard, &errs); code != c.code || !strings.Contains(errs.String(), c.tell) {
			t.Errorf("%v: exit code %d, %q", c.args, code, &errs)
		}
	}
}
