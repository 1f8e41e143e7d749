package outbound

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
)

// held counts the bytes of bodies in memory over all requests.
type held struct {
	bytes atomic.Int64
	limit int64
}

// reservation is one request's share of held.
type reservation struct {
	from  *held
	bytes int64
}

// grow takes n more bytes and reports whether there was room for them.
func (r *reservation) grow(n int64) bool {
	if r.from.bytes.Add(n) > r.from.limit {
		r.from.bytes.Add(-n)
		return false
	}
	r.bytes += n
	return true
}

func (r *reservation) release() { r.from.bytes.Add(-r.bytes) }

var (
	errTooLarge = errors.New("body is too large")
	errNoRoom   = errors.New("too many bodies in memory")
)

// firstRead is the size of the first buffer for a body whose length is not known or not believed yet.
const firstRead = 4 << 10

// readBody reads at most limit bytes. The room taken grows with what has arrived, not with what was announced.
func readBody(r *http.Request, limit int64, room *reservation) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, errTooLarge
	}
	size := int64(firstRead)
	if r.ContentLength >= 0 {
		size = min(size, r.ContentLength+1)
	}
	if !room.grow(size) {
		return nil, errNoRoom
	}
	buf := make([]byte, 0, size)
	for {
		n, err := r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return nil, errTooLarge
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, err
		case len(buf) < cap(buf):
			continue
		case !room.grow(int64(cap(buf))):
			return nil, errNoRoom
		}
		wider := make([]byte, len(buf), 2*cap(buf))
		copy(wider, buf)
		buf = wider
	}
}

// refuseBody is the answer to a body that could not be read.
func refuseBody(err error) answer {
	switch {
	case errors.Is(err, errTooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "body_size")
	case errors.Is(err, errNoRoom):
		return busy("memory", retrySoon)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse(http.StatusRequestTimeout, "slow_body")
	default:
		return refuse(http.StatusBadRequest, "body")
	}
}
