package main

import _ "embed"

// configSchema is the JSON Schema of the configuration file, made of the types that read it by a test: go test ./cmd/sfbridge -run Schema -update.
//
//go:embed config.schema.json
var configSchema string

// configCommand is about the configuration file.
type configCommand struct {
	Schema configSchemaCommand `cmd:"" help:"Print the JSON Schema of the configuration file, for editors."`
}

type configSchemaCommand struct{}

// Run prints the schema.
func (configSchemaCommand) Run(c *console) error {
	c.printf("%s", configSchema)
	return nil
}
