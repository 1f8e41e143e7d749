package clienttest

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long a line or an event of a Node program may take. It is reached where something is broken.
const patience = 60 * time.Second

// howToGet is what a person without the npm packages does; the gate does the same.
const howToGet = `mkdir -p DIR && npm install --prefix DIR --no-save salesforce-pubsub-api-client@5.5.2 underscore@1.13.8 jsforce@3.10.16 node@22.23.3
and set SFBRIDGE_NODE_MODULES=DIR/node_modules`

// nodeModules returns the folder of the npm packages. Without one the test skips; in CI it fails.
func nodeModules(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SFBRIDGE_NODE_MODULES")
	if dir == "" {
		if cache, err := os.UserCacheDir(); err == nil {
			dir = filepath.Join(cache, "sfbridge-gate", "node_modules")
		}
	}
	for _, need := range []string{"salesforce-pubsub-api-client", "underscore", "jsforce", "node/bin/node"} {
		if _, err := os.Stat(filepath.Join(dir, need)); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("npm package %s is not in %q; to get it:\n%s", need, dir, howToGet)
		}
		t.Skipf("npm package %s is not in %q; to get it:\n%s", need, dir, howToGet)
	}
	return dir
}

// program is a running Node program that prints one JSON object a line.
type program struct {
	stdin io.Closer
	lines chan map[string]any
}

// startNode runs a program of testdata with one JSON argument. It ends when the test does.
func startNode(t *testing.T, w *world, script string, arg map[string]any) *program {
	t.Helper()
	modules := nodeModules(t)
	text, err := json.Marshal(arg)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), filepath.Join(modules, "node", "bin", "node"), filepath.Join("testdata", script), string(text))
	command.Env = append(os.Environ(), "SFBRIDGE_NODE_MODULES="+modules, "NODE_EXTRA_CA_CERTS="+w.caFile, "NODE_NO_WARNINGS=1")
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{stdin: stdin, lines: make(chan map[string]any)}
	done := make(chan struct{})
	go p.read(t, stdout, done)
	t.Cleanup(func() {
		_ = stdin.Close()
		for range p.lines { // the reader must not wait for us
		}
		<-done
		_ = command.Wait()
	})
	return p
}

func (p *program) read(t *testing.T, stdout io.Reader, done chan<- struct{}) {
	defer close(done)
	defer close(p.lines)
	scan := bufio.NewScanner(stdout)
	scan.Buffer(nil, 16<<20)
	for scan.Scan() {
		var line map[string]any
		if err := json.Unmarshal(scan.Bytes(), &line); err != nil {
			t.Errorf("the program printed %q", scan.Text())
			continue
		}
		p.lines <- line
	}
}

// next returns the next line, or nil when the program ended.
func (p *program) next(t *testing.T) map[string]any {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case line := <-p.lines:
		return line
	case <-timer.C:
		t.Fatalf("no line within %s", patience)
		return nil
	}
}
