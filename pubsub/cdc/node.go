package cdc

import (
	"encoding/json"
	"fmt"
	"strings"
)

// kind is an Avro type. https://avro.apache.org/docs/1.12.0/specification/
type kind uint8

const (
	kindNull kind = iota
	kindBoolean
	kindInt
	kindLong
	kindFloat
	kindDouble
	kindBytes
	kindString
	kindEnum
	kindArray
	kindRecord
	kindUnion
)

var primitives = map[string]kind{
	"null": kindNull, "boolean": kindBoolean, "int": kindInt, "long": kindLong, "float": kindFloat, "double": kindDouble, "bytes": kindBytes,
	"string": kindString,
}

// node is one type of a schema. Named types that occur twice share a node; none contains itself, so a walk always ends.
type node struct {
	kind     kind
	symbols  []string // of an enum
	items    *node    // of an array
	branches []*node  // of a union
	fields   []field  // of a record
	optional bool     // a union whose first branch is null, so that a zero byte is null
}

// field is one member of a record.
type field struct {
	name string
	doc  string
	node *node
}

// maxDepth bounds the nesting of a schema; change events need five.
const maxDepth = 16

// definition is a type as it stands in a schema's JSON.
type definition struct {
	Type      json.RawMessage `json:"type"`
	Name      string          `json:"name"`
	Namespace *string         `json:"namespace"`
	Doc       string          `json:"doc"`
	Fields    []definition    `json:"fields"`
	Symbols   []string        `json:"symbols"`
	Items     json.RawMessage `json:"items"`
}

// parser builds nodes and remembers the named ones.
type parser struct {
	named map[string]*node // by full name
	depth int
}

// parse reads a type inside the namespace ns.
func (p *parser) parse(raw json.RawMessage, ns string) (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("types nest deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	raw = json.RawMessage(strings.TrimSpace(string(raw)))
	if len(raw) == 0 {
		return nil, fmt.Errorf("a type is missing")
	}
	switch raw[0] {
	case '"':
		var name string
		if err := json.Unmarshal(raw, &name); err != nil {
			return nil, fmt.Errorf("read type name: %w", err)
		}
		return p.find(name, ns)
	case '[':
		return p.union(raw, ns)
	}
	var d definition
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("read type: %w", err)
	}
	return p.define(d, ns)
}

func (p *parser) find(name, ns string) (*node, error) {
	if k, ok := primitives[name]; ok {
		return &node{kind: k}, nil
	}
	if n, ok := p.named[fullName(name, ns)]; ok {
		return n, nil
	}
	if n, ok := p.named[name]; ok {
		return n, nil
	}
	return nil, fmt.Errorf("type %q is not defined before it is used", name)
}

func (p *parser) union(raw json.RawMessage, ns string) (*node, error) {
	var members []json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, fmt.Errorf("read union: %w", err)
	}
	n := &node{kind: kindUnion}
	for _, m := range members {
		b, err := p.parse(m, ns)
		if err != nil {
			return nil, err
		}
		if b.kind == kindUnion {
			return nil, fmt.Errorf("a union holds a union")
		}
		n.branches = append(n.branches, b)
	}
	if len(n.branches) == 0 {
		return nil, fmt.Errorf("a union is empty")
	}
	n.optional = n.branches[0].kind == kindNull
	return n, nil
}

func (p *parser) define(d definition, ns string) (*node, error) {
	var name string
	if err := json.Unmarshal(d.Type, &name); err != nil {
		return p.parse(d.Type, ns)
	}
	switch name {
	case "record":
		return p.record(d, ns)
	case "enum":
		if len(d.Symbols) == 0 {
			return nil, fmt.Errorf("enum %q has no symbols", d.Name)
		}
		return p.keep(d, ns, &node{kind: kindEnum, symbols: d.Symbols})
	case "array":
		items, err := p.parse(d.Items, ns)
		if err != nil {
			return nil, fmt.Errorf("items: %w", err)
		}
		if items.least() == 0 {
			return nil, fmt.Errorf("an array's items take no bytes")
		}
		return &node{kind: kindArray, items: items}, nil
	}
	return p.find(name, ns)
}

func (p *parser) record(d definition, ns string) (*node, error) {
	inner := ns
	if d.Namespace != nil {
		inner = *d.Namespace
	}
	n := &node{kind: kindRecord}
	for _, f := range d.Fields {
		t, err := p.parse(f.Type, inner)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		n.fields = append(n.fields, field{f.Name, f.Doc, t})
	}
	return p.keep(d, ns, n)
}

// keep names a node only once it is complete: a type that refers to itself is refused as unknown.
func (p *parser) keep(d definition, ns string, n *node) (*node, error) {
	if d.Name == "" {
		return nil, fmt.Errorf("a type has no name")
	}
	if d.Namespace != nil {
		ns = *d.Namespace
	}
	name := fullName(d.Name, ns)
	if _, twice := p.named[name]; twice {
		return nil, fmt.Errorf("type %q is defined twice", name)
	}
	p.named[name] = n
	return n, nil
}

func fullName(name, ns string) string {
	if ns == "" || strings.Contains(name, ".") {
		return name
	}
	return ns + "." + name
}

// least is the smallest number of bytes that a value of the type takes.
func (n *node) least() int {
	switch n.kind {
	case kindNull:
		return 0
	case kindFloat:
		return 4
	case kindDouble:
		return 8
	case kindRecord:
		sum := 0
		for _, f := range n.fields {
			sum += f.node.least()
		}
		return sum
	default:
		return 1
	}
}

// branch is the member of the kind in a union, or the node itself where it is of that kind, or nil.
func (n *node) branch(k kind) *node {
	if n.kind == k {
		return n
	}
	for _, b := range n.branches {
		if b.kind == k {
			return b
		}
	}
	return nil
}
