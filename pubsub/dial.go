package pubsub

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"sfbridge/bridge"
)

const (
	maxMessage  = 16 << 20         // a response is at most 3 MB by contract
	pingEvery   = 30 * time.Second // the live service takes PINGs at this pace
	pingTimeout = 10 * time.Second
	// maxReconnect bounds the wait of the connection itself between attempts; the stream's own ladder decides when it is used.
	maxReconnect = 15 * time.Second
)

// Endpoint is where the Pub/Sub API is.
// https://developer.salesforce.com/docs/platform/pub-sub-api/guide/pub-sub-endpoints.html
type Endpoint struct {
	Address string // host:port, such as api.pubsub.salesforce.com:7443
	// Insecure speaks without TLS. It is refused for any host but this one, unless DialContext decides where a connection goes.
	Insecure bool
	TLS      *tls.Config // nil for the system's authorities
	// DialContext makes connections; nil for the net package's. With it the address is not resolved first.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// Dial prepares the connection that all topics of an org share. Nothing is sent before the first call, and the connection comes back by itself.
// Each call reads the session anew, so that a renewed token is used at once.
func Dial(e Endpoint, a Auth) (*grpc.ClientConn, error) {
	host, _, err := net.SplitHostPort(e.Address)
	if err != nil {
		return nil, fmt.Errorf("pub/sub address: %w", err)
	}
	secure := credentials.NewTLS(e.TLS)
	if e.Insecure {
		if ip := net.ParseIP(host); e.DialContext == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, bridge.Hint(fmt.Errorf("pub/sub address %s without TLS", e.Address), "only a simulator on this machine is spoken to without TLS")
		}
		secure = insecure.NewCredentials()
	}
	target := "dns:///" + e.Address
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(secure),
		grpc.WithPerRPCCredentials(&credential{a, !e.Insecure}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingEvery, Timeout: pingTimeout, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: time.Second, Multiplier: 1.6, Jitter: 0.2, MaxDelay: maxReconnect},
			MinConnectTimeout: 20 * time.Second,
		}),
		grpc.WithDisableServiceConfig(),
	}
	if e.DialContext != nil {
		target = "passthrough:///" + e.Address
		options = append(options, grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return e.DialContext(ctx, "tcp", address)
		}))
	}
	conn, err := grpc.NewClient(target, options...)
	if err != nil {
		return nil, fmt.Errorf("prepare connection to %s: %w", e.Address, err)
	}
	return conn, nil
}

// credential puts the present session on each call.
// https://developer.salesforce.com/docs/platform/pub-sub-api/guide/rpc-method-headers.html
type credential struct {
	auth   Auth
	secure bool
}

var _ credentials.PerRPCCredentials = (*credential)(nil)

// GetRequestMetadata answers the three keys that each call carries.
func (c *credential) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	s, err := c.auth.Token(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{"accesstoken": s.Token, "instanceurl": s.Instance, "tenantid": s.Tenant}, nil
}

// RequireTransportSecurity reports whether the session may only travel over TLS.
func (c *credential) RequireTransportSecurity() bool { return c.secure }
