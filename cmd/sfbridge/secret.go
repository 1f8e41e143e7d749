package main

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// hidden is what a secret prints as, whatever it holds.
const hidden = "<secret>"

// maxSecret bounds a secret read from a file: enough for a private key, too small to swallow a disk by mistake.
const maxSecret = 64 << 10

// Secret is a value that is never printed. The configuration names it by reference: env:NAME, file:/path or cred:NAME for a systemd credential.
type Secret struct {
	ref   string // as written
	value string // what the reference led to
}

var (
	_ encoding.TextMarshaler = Secret{}
	_ json.Marshaler         = Secret{}
)

// Reveal is the secret itself, for the one call that needs it.
func (s Secret) Reveal() string { return s.value }

// IsSet reports whether the configuration names the secret at all.
func (s Secret) IsSet() bool { return s.ref != "" }

// String hides the secret.
func (s Secret) String() string { return hidden }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return hidden }

// Format hides the secret from every verb of fmt.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalJSON hides the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(hidden) }

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// errInline is returned by resolve for a secret that stands in the file itself.
var errInline = errors.New("the secret stands in the file itself")

// surroundings is where references lead; tests have their own.
type surroundings struct {
	env  func(string) (string, bool)
	open func(string) (fs.File, error)
}

func processSurroundings() surroundings {
	return surroundings{env: os.LookupEnv, open: func(name string) (fs.File, error) { return os.Open(name) }}
}

// resolve follows the reference.
func (s *Secret) resolve(where surroundings, inline bool) error {
	kind, rest, _ := strings.Cut(s.ref, ":")
	var err error
	switch kind {
	case "env":
		s.value, err = where.fromEnv(rest)
	case "file":
		s.value, err = where.fromFile(rest)
	case "cred":
		s.value, err = where.fromCredential(rest)
	default:
		if !inline {
			return bareHint(errInline)
		}
		s.value = s.ref
	}
	return err
}

func bareHint(err error) error {
	return &remedied{err, `write env:NAME, file:/path or cred:NAME; allow_inline_secrets = true at the top of the file permits it for trials`}
}

func (w surroundings) fromEnv(name string) (string, error) {
	v, ok := w.env(name)
	if !ok || v == "" {
		return "", &remedied{fmt.Errorf("the environment variable %s is not set", name), "set it for the process that runs sfbridge"}
	}
	return v, nil
}

func (w surroundings) fromCredential(name string) (string, error) {
	dir, ok := w.env("CREDENTIALS_DIRECTORY")
	if !ok || dir == "" {
		return "", &remedied{fmt.Errorf("there is no credential %s: CREDENTIALS_DIRECTORY is not set", name),
			"run sfbridge as a systemd unit with LoadCredential=" + name + ":/path"}
	}
	if name != filepath.Base(name) {
		return "", &remedied{fmt.Errorf("%q is not the name of a credential", name), "write the name alone, as LoadCredential=NAME:/path has it"}
	}
	return w.fromFile(filepath.Join(dir, name))
}

func (w surroundings) fromFile(name string) (string, error) {
	f, err := w.open(name)
	if err != nil {
		return "", &remedied{fmt.Errorf("read the secret: %w", err), "check the path and that the user of sfbridge may read it"}
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", &remedied{fmt.Errorf("read the secret: %w", err), "name a file; see that its disk can be read"}
	}
	v := strings.TrimRight(string(b), "\r\n")
	switch {
	case len(b) > maxSecret:
		return "", &remedied{fmt.Errorf("%s is longer than %d bytes and cannot be a secret", name, maxSecret), "name the file that holds the secret and nothing else"}
	case v == "":
		return "", &remedied{fmt.Errorf("%s is empty", name), "write the secret into it"}
	}
	return v, nil
}
