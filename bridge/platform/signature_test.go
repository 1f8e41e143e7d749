package platform

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"sfbridge/bridge"
)

type vector struct {
	Name    string            `json:"name"`
	Scheme  string            `json:"scheme"`
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

func vectors(t *testing.T) map[string]vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/signature_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []vector `json:"vectors"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	all := map[string]vector{}
	for _, v := range file.Vectors {
		all[v.Name] = v
	}
	return all
}

func TestVerify_HoldsForEveryVendorsVector(t *testing.T) {
	all := vectors(t)
	raw := func(s string) string {
		b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "whsec_"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, c := range []struct {
		name, header, prefix string
		encoding             Encoding
		secret               string
		before               []string // parts of the message before the body, names of headers or texts
	}{
		{name: "respondio", header: "X-Webhook-Signature", encoding: Base64},
		{name: "line", header: "x-line-signature", encoding: Base64},
		{name: "omnichat", header: "X-Omnichat-Signature", encoding: Hex},
		{name: "meta", header: "X-Hub-Signature-256", prefix: "sha256=", encoding: Hex},
		{name: "slack", header: "X-Slack-Signature", prefix: "v0=", encoding: Hex, before: []string{"v0:", "X-Slack-Request-Timestamp", ":"}},
		{name: "zendesk", header: "X-Zendesk-Webhook-Signature", encoding: Base64, before: []string{"X-Zendesk-Webhook-Signature-Timestamp"}},
		{name: "chatwoot", header: "X-Chatwoot-Signature", prefix: "sha256=", encoding: Hex, before: []string{"X-Chatwoot-Timestamp", "."}},
		{name: "standard-webhooks", header: "webhook-signature", prefix: "v1,", encoding: Base64, secret: raw(all["standard-webhooks"].Secret),
			before: []string{"webhook-id", ".", "webhook-timestamp", "."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := all[c.name]
			secret := v.Secret
			if c.secret != "" {
				secret = c.secret
			}
			var parts [][]byte
			for _, p := range c.before {
				if text, ok := v.Headers[p]; ok {
					p = text
				}
				parts = append(parts, []byte(p))
			}
			parts = append(parts, []byte(v.Body))
			signature := strings.TrimPrefix(v.Headers[c.header], c.prefix)
			if err := Verify([]string{signature}, []Encoding{c.encoding}, []string{"other", secret}, parts...); err != nil {
				t.Error(err)
			}
			for i := range parts {
				if len(parts[i]) == 0 {
					continue
				}
				parts[i][0] ^= 1
				if Verify([]string{signature}, Encodings(), []string{secret}, parts...) == nil {
					t.Errorf("part %d altered", i)
				}
				parts[i][0] ^= 1
			}
		})
	}
}

func TestVerify_RefusesEveryOtherWayOfWriting(t *testing.T) {
	sum := HMACSHA256("secret", []byte("body"))
	b64, hex := Base64.Encode(sum), Hex.Encode(sum)
	for _, s := range []string{
		"", strings.ToUpper(hex), hex[:62], hex + "00", " " + hex, strings.TrimRight(b64, "="), b64 + "=", b64[:20] + "\n" + b64[20:],
		strings.NewReplacer("+", "-", "/", "_").Replace(b64) + "x", "sha256=" + hex, strings.Repeat("A", 1<<20),
	} {
		if err := Verify([]string{s}, Encodings(), []string{"secret"}, []byte("body")); !errors.Is(err, bridge.ErrUnauthentic) {
			t.Errorf("%.80q: %v", s, err)
		}
	}
	if err := Verify([]string{hex}, []Encoding{Base64}, []string{"secret"}, []byte("body")); err == nil {
		t.Error("hex, where base64 alone is configured")
	}
}

func TestVerify_EmptySecretsSignNothing(t *testing.T) {
	forged := Base64.Encode(HMACSHA256("", []byte("body")))
	for _, secrets := range [][]string{nil, {}, {""}, {"", "real"}} {
		if err := Verify([]string{forged}, Encodings(), secrets, []byte("body")); !errors.Is(err, bridge.ErrUnauthentic) {
			t.Errorf("%q: %v", secrets, err)
		}
	}
}

func TestCheckSecret_WantsTwentyFourBytes(t *testing.T) {
	if err := CheckSecret(strings.Repeat("a", 24)); err != nil {
		t.Error(err)
	}
	for _, s := range []string{"", "whsec_", strings.Repeat("a", 23)} {
		if err := CheckSecret(s); err == nil || s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestCheckTimestamp_TakesPlainDigitsWithinTheTolerance(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for text, ok := range map[string]bool{
		"1700000000": true, "1699999700": true, "1700000300": true, "1699999699": false, "1700000301": false, "0": false, "-1700000000": false,
		"+1700000000": false, " 1700000000": false, "1.7e9": false, "17000000000000000000": false, "1700000000000": false, "": false,
		"999999999999999999": false, "١٧٠٠٠٠٠٠٠٠": false,
	} {
		err := CheckTimestamp(text, time.Second, now, 300*time.Second)
		if (err == nil) != ok || err != nil && !errors.Is(err, bridge.ErrUnauthentic) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := CheckTimestamp("1700000000123", time.Millisecond, now, time.Second); err != nil {
		t.Error(err)
	}
}
