package fakeorg

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxBody bounds a request body, so that a client gone wild cannot fill the memory.
const maxBody = 64 << 20

// maxURI is Salesforce's bound of a request URI.
const maxURI = 16384

// reply is the answer to a request before it goes out, so that a fault can still keep it back.
type reply struct {
	status int
	header http.Header
	body   any    // marshalled as JSON unless raw is set
	raw    []byte // sent as it is
	media  string // Content-Type; "" means JSON
}

func answer(status int, body any) reply { return reply{status: status, body: body} }

func (r reply) with(name, value string) reply {
	if r.header == nil {
		r.header = make(http.Header)
	}
	r.header.Set(name, value)
	return r
}

// refusal is the array of one error by which REST refuses.
func refusal(err *Error) reply {
	body := errorBody{Message: err.Message, ErrorCode: err.Code, Fields: err.Fields}
	return answer(err.Status, []errorBody{body})
}

// call is one request on its way through the REST face.
type call struct {
	org     *Org
	r       *http.Request
	method  string
	path    []string // decoded segments behind the version
	version string   // v67.0, "" outside /services/data
	session session
	counted bool
}

// Handler returns the HTTP face of the org: OAuth, REST, and the control API under /__fake/v1.
func (o *Org) Handler() http.Handler { return http.HandlerFunc(o.serve) }

func (o *Org) serve(w http.ResponseWriter, r *http.Request) {
	if len(r.RequestURI) > maxURI {
		send(w, r, refusal(refuse("URI_TOO_LONG", "The request URI is longer than %d bytes", maxURI).as(http.StatusRequestURITooLong)))
		return
	}
	segments, err := split(r.URL.EscapedPath())
	if err != nil {
		send(w, r, refusal(notFound()))
		return
	}
	if len(segments) >= 2 && segments[0] == "__fake" && segments[1] == "v1" {
		send(w, r, o.control(r, segments[2:]))
		return
	}
	o.serveLogged(w, r, segments)
}

// serveLogged answers a request of the org proper under the fault rules, and logs it.
func (o *Org) serveLogged(w http.ResponseWriter, r *http.Request, segments []string) {
	c := &call{org: o, r: r, method: methodOf(r)}
	note := Call{Time: o.now(), Method: r.Method, Path: r.URL.RequestURI()}
	fault := o.faults.match(r.Method, r.URL.Path)
	if fault != nil {
		note.Fault = true
		if !fault.wait(r) {
			mustDrop()
		}
	}
	var out reply
	switch {
	case fault != nil && fault.Cut == CutBefore:
		o.calls.note(note)
		mustDrop()
	case fault != nil && fault.Status != 0:
		out = fault.reply()
	default:
		out = c.route(segments)
	}
	note.Status, note.Counted = out.status, c.counted
	o.calls.note(note)
	o.log.Debug("answered", "method", r.Method, "path", r.URL.Path, "status", out.status)
	if fault != nil && fault.Cut == CutAfter {
		mustDrop()
	}
	if c.counted {
		out = out.with("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/%d", o.calls.used(o.now()), o.usageMax.Load()))
	}
	send(w, r, out)
}

// mustDrop makes net/http close the connection without an answer, in the one way it offers a handler.
func mustDrop() { panic(http.ErrAbortHandler) }

// split cuts an escaped path into decoded segments; empty ones at the ends, as a trailing slash makes them, do not count.
func split(escaped string) ([]string, error) {
	segments := strings.Split(strings.Trim(escaped, "/"), "/")
	for i, s := range segments {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return nil, err
		}
		segments[i] = decoded
	}
	return segments, nil
}

// methodOf lets _HttpMethod stand in for POST, for clients that cannot send PATCH.
func methodOf(r *http.Request) string {
	if instead := r.URL.Query().Get("_HttpMethod"); instead != "" && r.Method == http.MethodPost {
		return strings.ToUpper(instead)
	}
	return r.Method
}

func send(w http.ResponseWriter, r *http.Request, out reply) {
	for name, values := range out.header {
		w.Header()[name] = values
	}
	body := out.raw
	if body == nil && out.body != nil {
		encoded, err := json.Marshal(out.body)
		if err != nil {
			out.status, encoded = http.StatusInternalServerError, []byte(`[{"errorCode":"UNKNOWN_EXCEPTION","message":"`+err.Error()+`"}]`)
		}
		body = encoded
	}
	if len(body) > 0 {
		media := out.media
		if media == "" {
			media = "application/json;charset=UTF-8"
		}
		w.Header().Set("Content-Type", media)
		if len(body) > 1024 && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			body = squeeze(body)
		}
	}
	w.WriteHeader(out.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that is gone needs no answer
	}
}

func squeeze(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(body) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

// readBody returns the request body, unpacked.
func readBody(r *http.Request) ([]byte, *Error) {
	var source io.Reader = r.Body
	var err error
	switch r.Header.Get("Content-Encoding") {
	case "", "identity":
	case "gzip":
		source, err = gzip.NewReader(r.Body)
	case "deflate":
		source, err = zlib.NewReader(r.Body)
	default:
		err = errors.New("unknown content encoding")
	}
	if err != nil {
		return nil, refuse("UNSUPPORTED_MEDIA_TYPE", "Content-Encoding cannot be read: %s", err).as(http.StatusUnsupportedMediaType)
	}
	body, err := io.ReadAll(io.LimitReader(source, maxBody+1))
	if err != nil {
		return nil, refuse("JSON_PARSER_ERROR", "The body ended early: %s", err)
	}
	if len(body) > maxBody {
		return nil, refuse("EXCEEDED_MAX_SIZE_REQUEST", "The request body is too large").as(http.StatusRequestEntityTooLarge)
	}
	return body, nil
}

// decode reads a JSON body into v.
func (c *call) decode(v any) *Error {
	if media := c.r.Header.Get("Content-Type"); !strings.Contains(strings.ToLower(media), "json") {
		return refuse("UNSUPPORTED_MEDIA_TYPE", "Content-Type '%s' is not supported", media).as(http.StatusUnsupportedMediaType)
	}
	body, refused := readBody(c.r)
	if refused != nil {
		return refused
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return refuse("JSON_PARSER_ERROR", "No content to map to Object due to end of input")
	}
	return decodeJSON(body, v)
}

func decodeJSON(body []byte, v any) *Error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	err := decoder.Decode(v)
	if err == nil {
		if _, extra := decoder.Token(); extra == io.EOF {
			return nil
		}
		err = errors.New("Unexpected content behind the object") //nolint:staticcheck // it becomes the org's sentence
	}
	line := 1 + bytes.Count(body[:min(int(decoder.InputOffset()), len(body))], []byte("\n"))
	return refuse("JSON_PARSER_ERROR", "%s at [line:%d, column:%d]", err, line, decoder.InputOffset()+1)
}

// httpTime reads a date header; ok is false where it is missing or no date.
func httpTime(text string) (time.Time, bool) {
	t, err := http.ParseTime(text)
	return t, err == nil
}
