package clienttest

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// launch builds cmd/fakeorg and runs it with TLS until the test ends.
func launch(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{caFile: filepath.Join(dir, "ca.pem")}
	binary := filepath.Join(dir, "fakeorg")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "sfbridge/cmd/fakeorg")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	command := exec.Command(binary, "-tls", "-ca", w.caFile, "-http", "127.0.0.1:0", "-grpc", "127.0.0.1:0",
		"-client-id", clientID, "-client-secret", clientSecret, "-seed", "testdata/seed.json")
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil {
			t.Errorf("fakeorg ended with %v", err)
		}
	})
	for scan := bufio.NewScanner(stdout); w.pubsub == "" && scan.Scan(); {
		if address, ok := strings.CutPrefix(scan.Text(), "http "); ok {
			w.secure = address
		}
		if address, ok := strings.CutPrefix(scan.Text(), "grpc "); ok {
			w.pubsub = address
		}
	}
	w.http = trusting(t, w.caFile)
	w.logIn(t)
	return w
}

// trusting returns a client that knows no authority but the one of the file.
func trusting(t *testing.T, caFile string) *http.Client {
	t.Helper()
	authority, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		t.Fatalf("no certificate in %s", authority)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// TestPubSubClient_WorksWithTheProgram reads from `fakeorg -tls` what was written to it before.
func TestPubSubClient_WorksWithTheProgram(t *testing.T) {
	nodeModules(t)
	w := launch(t)
	id := w.create(t, "Contact", richContact())
	e := subscribe(t, w, contacts, "earliest").event(t)
	e.wantHeader(t, header{EntityName: "Contact", RecordIDs: []string{id}, ChangeType: "CREATE", ChangeOrigin: origin, SequenceNumber: 1})
	e.wantBody(t, w.row(t, "Contact", id), everyField)
}
