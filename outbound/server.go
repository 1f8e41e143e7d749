package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// Deps are what the server stands on.
type Deps struct {
	Inbox Inbox
	// Sources by the last segment of their path: letters, digits, dot, hyphen and underscore. A path is a name, not a secret.
	Sources map[string]Source
	// Ready says why no callback can be made durable now; nil means always ready.
	Ready      func() error
	TLS        *tls.Config           // nil serves plain HTTP, for a listener behind a proxy
	Now        func() time.Time      // nil means time.Now
	Log        *slog.Logger          // nil means no log
	Registerer prometheus.Registerer // nil means no metrics
}

// Server answers the webhooks of all projects.
type Server struct {
	config Config
	deps   Deps
	echo   *echo.Echo
	meter  *meter
	held   held
	quiet  silence
}

// New builds a server; it opens nothing. All faults of the sources are reported at once.
func New(config Config, deps Deps) (*Server, error) {
	config = config.withDefaults()
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if err := checkDeps(deps); err != nil {
		return nil, err
	}
	m, err := newMeter(deps.Registerer)
	if err != nil {
		return nil, fmt.Errorf("register webhook metrics: %w", err)
	}
	s := &Server{config: config, deps: deps, echo: echo.New(), meter: m, held: held{limit: config.Held}}
	s.route()
	return s, nil
}

var sourceName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

func checkDeps(d Deps) error {
	var faults []error
	if d.Inbox == nil {
		faults = append(faults, errors.New("webhooks need an inbox"))
	}
	for name, source := range d.Sources {
		if !sourceName.MatchString(name) || name == "." || name == ".." {
			faults = append(faults, fmt.Errorf("webhook source %q: the name may hold letters, digits, dot, hyphen and underscore", name))
		}
		if source.Project == "" || source.Org == nil || source.Hook == nil {
			faults = append(faults, fmt.Errorf("webhook source %q needs a project, an org and a hook", name))
		}
	}
	return errors.Join(faults...)
}

func (s *Server) route() {
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.Any("/hooks/:source", func(c echo.Context) error {
		return s.serve(c.Response(), c.Request(), c.Param("source"))
	})
	s.echo.HTTPErrorHandler = func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		a := refuse(http.StatusNotFound, "path")
		var refused *echo.HTTPError
		if errors.As(err, &refused) && refused.Code == http.StatusMethodNotAllowed {
			a = refuse(http.StatusMethodNotAllowed, "method")
		}
		s.meter.answered(nobody, a)
		_ = a.write(c.Response())
	}
}

// Handler is the server without its listener.
func (s *Server) Handler() http.Handler { return s.echo }

// Run serves ln until ctx ends, then takes no more and lets what is in flight finish within the grace. It closes ln and returns nil after a stop;
// an error means that the listener broke.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	server := s.httpServer(ctx)
	ln = newBounded(ln, s.config.Connections, s.meter.closed)
	ended := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			ended <- server.ServeTLS(ln, "", "")
			return
		}
		ended <- server.Serve(ln)
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("serve webhooks: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Grace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		s.deps.Log.Warn("webhooks cut at stop", "error", err)
		_ = server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve webhooks: %w", err)
	}
	return nil
}

func (s *Server) httpServer(ctx context.Context) *http.Server {
	server := &http.Server{
		Handler:           s.echo,
		ReadHeaderTimeout: s.config.HeaderRead,
		ReadTimeout:       s.config.Read,
		WriteTimeout:      s.config.Write,
		IdleTimeout:       s.config.Idle,
		MaxHeaderBytes:    s.config.Header,
		ErrorLog:          slog.NewLogLogger(s.deps.Log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		Protocols:         new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	if s.deps.TLS != nil {
		server.TLSConfig = s.deps.TLS.Clone()
		server.TLSConfig.MinVersion = max(server.TLSConfig.MinVersion, tls.VersionTLS12)
	}
	return server
}
