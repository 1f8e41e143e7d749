package clienttest

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"sfbridge/pubsub/fakeorg"
)

const (
	clientID     = "trial-key"
	clientSecret = "trial-secret"

	// beat is how often a quiet stream says that it lives. A client that has heard one is surely subscribed.
	beat = 100 * time.Millisecond
)

// world is one org, served on loopback as the clients want it.
type world struct {
	org    *fakeorg.Org
	plain  string // REST without TLS, for the client that cannot be given an authority
	secure string // the same with TLS
	pubsub string // host and port of gRPC with TLS
	caFile string // the authority that signed it

	http  *http.Client
	token string
}

func startWorld(t *testing.T) *world {
	t.Helper()
	file, err := os.Open("testdata/seed.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seed, err := fakeorg.ReadSeed(file)
	if err != nil {
		t.Fatal(err)
	}
	seed.Objects = append(seed.Objects, wideObject())
	w := &world{org: fakeorg.New(fakeorg.Options{ClientID: clientID, ClientSecret: clientSecret, Seed: seed, Keepalive: beat})}

	plain := httptest.NewServer(w.org.Handler())
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(w.org.Handler())
	t.Cleanup(secure.Close)
	w.plain, w.secure, w.http = plain.URL, secure.URL, secure.Client()

	w.caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(w.caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	w.servePubSub(t, secure.TLS.Certificates)
	w.logIn(t)
	return w
}

func (w *world) servePubSub(t *testing.T, certificates []tls.Certificate) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(append(fakeorg.ServerOptions(), grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12})))...)
	w.org.RegisterPubSub(server)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Errorf("serve Pub/Sub: %v", err)
		}
	})
	w.pubsub = listener.Addr().String()
}

// logIn gets the token of the tests' own plain calls.
func (w *world) logIn(t *testing.T) {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {clientSecret}}
	answer, err := w.http.PostForm(w.secure+"/services/oauth2/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var session struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&session); err != nil || session.Token == "" {
		t.Fatalf("log in: %s, %v", answer.Status, err)
	}
	w.token = session.Token
}

// call sends one REST call and returns its JSON answer. Numbers stay as they were written.
func (w *world) call(t *testing.T, method, path string, body any) any {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, w.secure+"/services/data/v64.0/"+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+w.token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Sforce-Call-Options", "client=trial")
	answer, err := w.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err = io.ReadAll(answer.Body); err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s %s", method, path, answer.Status, text)
	}
	if len(text) == 0 {
		return nil
	}
	return parse(t, text)
}

// create writes a row and returns its id.
func (w *world) create(t *testing.T, object string, row map[string]any) string {
	t.Helper()
	answer, _ := w.call(t, http.MethodPost, "sobjects/"+object, row).(map[string]any)
	id, _ := answer["id"].(string)
	if len(id) != 18 {
		t.Fatalf("create %s: %v", object, answer)
	}
	return id
}

// row reads a row with all its fields.
func (w *world) row(t *testing.T, object, id string) map[string]any {
	t.Helper()
	row, _ := w.call(t, http.MethodGet, "sobjects/"+object+"/"+id, nil).(map[string]any)
	return row
}

func parse(t *testing.T, text []byte) (v any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
