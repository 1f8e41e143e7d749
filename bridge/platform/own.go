package platform

import (
	"context"

	"sfbridge/bridge"
)

// OwnField is a field of contacts that a workspace made itself.
type OwnField struct {
	Name   bridge.Attribute // as transfers write it
	Kind   bridge.Kind      // of its values; times of day and web addresses are text
	Type   string           // the platform's own name of the type
	Values []string         // where only these are taken
}

// Cataloguer is an optional ability of a connector: to tell the fields that the workspace made itself.
type Cataloguer interface {
	// OwnFields answers all of them in any order.
	OwnFields(ctx context.Context) ([]OwnField, error)
}
