package cdc

import (
	"encoding/json"
	"fmt"
	"strings"
)

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
	Values    json.RawMessage `json:"values"`
	Size      int             `json:"size"`
	Logical   string          `json:"logicalType"`
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
		return (&node{kind: k, name: name}).measure(), nil
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
		if b.kind == kindRecord && n.branch(kindRecord) != nil {
			return nil, fmt.Errorf("a union holds two records")
		}
		n.branches = append(n.branches, b)
	}
	if len(n.branches) == 0 {
		return nil, fmt.Errorf("a union is empty")
	}
	return n.measure(), nil
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
	case "fixed":
		if d.Size < 1 {
			return nil, fmt.Errorf("fixed %q has %d bytes", d.Name, d.Size)
		}
		return p.keep(d, ns, &node{kind: kindFixed, size: d.Size, logical: d.Logical})
	case "array":
		return p.several(kindArray, name, d.Items, ns)
	case "map":
		return p.several(kindMap, name, d.Values, ns)
	}
	n, err := p.find(name, ns)
	if err == nil && d.Logical != "" {
		n.logical = d.Logical
		n.name += "." + d.Logical
	}
	return n, err
}

func (p *parser) several(k kind, name string, items json.RawMessage, ns string) (*node, error) {
	n, err := p.parse(items, ns)
	if err != nil {
		return nil, fmt.Errorf("items: %w", err)
	}
	if n.least == 0 {
		return nil, fmt.Errorf("the items of a type %s take no bytes", name)
	}
	return (&node{kind: k, name: name, items: n}).measure(), nil
}

func (p *parser) record(d definition, ns string) (*node, error) {
	inner := ns
	if i := strings.LastIndexByte(d.Name, '.'); i >= 0 {
		inner = d.Name[:i]
	} else if d.Namespace != nil {
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
	n.name = name
	p.named[name] = n
	return n.measure(), nil
}

func fullName(name, ns string) string {
	if ns == "" || strings.Contains(name, ".") {
		return name
	}
	return ns + "." + name
}
