package cdc

import (
	"fmt"
	"math/big"
	"time"
)

// skim holds the body to the schema without a program. What it lets through, goavro can read without believing a length.
func (s *Schema) skim(p []byte, at int) (int, error) {
	body := s.root.fields[1:]
	for i := range body {
		next, err := skim(p, at, body[i].node)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", body[i].name, err)
		}
		at = next
	}
	return at, nil
}

// readNative lets goavro read the body of a schema that has no program.
func (s *Schema) readNative(e *event) error {
	native, _, err := s.codec.NativeFromBinary(e.payload)
	if err != nil {
		return err
	}
	d, err := datumOf(native, s.root)
	if err != nil {
		return err
	}
	e.native = d.parts
	for i := 1; i < len(e.native); i++ {
		if e.native[i].kind != kindNull {
			e.body.present.add(i)
		}
	}
	return nil
}

// datumOf converts what goavro read by the type n.
func datumOf(v any, n *node) (datum, error) {
	switch v := v.(type) {
	case nil:
		return datum{}, nil
	case bool:
		if v {
			return datum{kind: kindBoolean, whole: 1}, nil
		}
		return datum{kind: kindBoolean}, nil
	case int32:
		return datum{kind: kindInt, whole: int64(v)}, nil
	case int64:
		return datum{kind: kindLong, whole: v}, nil
	case float32:
		return datum{kind: kindFloat, float: float64(v)}, nil
	case float64:
		return datum{kind: kindDouble, float: v}, nil
	case string:
		return datum{kind: kindString, text: valid(v)}, nil
	case []byte:
		return datum{kind: kindBytes, text: string(v)}, nil
	case time.Time:
		return datum{kind: kindLong, whole: v.UnixMilli()}, nil
	case time.Duration:
		return datum{kind: kindLong, whole: v.Milliseconds()}, nil
	case *big.Rat:
		f, _ := v.Float64()
		return datum{kind: kindDouble, float: f}, nil
	case []any:
		return itemsOf(v), nil
	case map[string]any:
		return membersOf(v, n)
	}
	return datum{}, fmt.Errorf("goavro answers a %T", v)
}

// itemsOf converts an array; only one of texts is something that a field can hold.
func itemsOf(vs []any) datum {
	d := datum{kind: kindArray}
	for _, v := range vs {
		item, ok := v.(string)
		if !ok {
			return datum{kind: kindUnion}
		}
		d.items = append(d.items, valid(item))
	}
	return d
}

// membersOf converts a record, a map, or a union, which goavro answers as a map of one.
func membersOf(vs map[string]any, n *node) (datum, error) {
	if n == nil || n.kind == kindMap {
		return datum{kind: kindMap}, nil
	}
	if n.kind == kindUnion {
		for name, v := range vs {
			return datumOf(v, n.named(name))
		}
	}
	d := datum{kind: kindRecord, parts: make([]datum, len(n.fields))}
	for i, f := range n.fields {
		var err error
		if d.parts[i], err = datumOf(vs[f.name], f.node); err != nil {
			return datum{}, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return d, nil
}

// named is the branch of a union by the name that goavro gives it; nil where there is none.
func (n *node) named(name string) *node {
	for _, b := range n.branches {
		if b.name == name {
			return b
		}
	}
	return nil
}
