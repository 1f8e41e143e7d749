package outbound

import (
	"cmp"
	"time"
)

// Config holds the limits of the public listener. A zero field takes the default named beside it.
type Config struct {
	Body        int64         // largest body in bytes; 1 MiB
	Header      int           // largest request head in bytes; 16 KiB
	HeaderRead  time.Duration // from the first byte to the end of the head; 5 s
	Read        time.Duration // from the first byte to the end of the body; 15 s
	Idle        time.Duration // between two requests of a connection; 60 s
	Write       time.Duration // from the end of the head to the end of the answer; 30 s
	Commit      time.Duration // how long Inbox.Take may last; 10 s
	Grace       time.Duration // how long a stop waits for requests in flight; 15 s
	Depth       int           // deepest nesting of JSON; 64
	Connections int           // open at one time; 2,000, further ones are closed at once
	Held        int64         // bytes of bodies in memory at one time; 64 MiB, beyond it 503
}

func (c Config) withDefaults() Config {
	c.Body = cmp.Or(c.Body, 1<<20)
	c.Header = cmp.Or(c.Header, 16<<10)
	c.HeaderRead = cmp.Or(c.HeaderRead, 5*time.Second)
	c.Read = cmp.Or(c.Read, 15*time.Second)
	c.Idle = cmp.Or(c.Idle, time.Minute)
	c.Write = cmp.Or(c.Write, 30*time.Second)
	c.Commit = cmp.Or(c.Commit, 10*time.Second)
	c.Grace = cmp.Or(c.Grace, 15*time.Second)
	c.Depth = cmp.Or(c.Depth, 64)
	c.Connections = cmp.Or(c.Connections, 2000)
	c.Held = cmp.Or(c.Held, 64<<20)
	return c
}
