package cdc

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
	kindMap
	kindFixed
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
	name     string   // the type's name in full, as a union of goavro names its branch
	logical  string   // the logical type, "" for none
	symbols  []string // of an enum
	items    *node    // of an array or map
	branches []*node  // of a union
	fields   []field  // of a record
	size     int      // of a fixed
	least    int      // the smallest number of bytes that a value takes
}

// field is one member of a record.
type field struct {
	name string
	doc  string
	node *node
}

// measure sets the least size of a type whose parts are measured.
func (n *node) measure() *node {
	switch n.kind {
	case kindNull:
	case kindFloat:
		n.least = 4
	case kindDouble:
		n.least = 8
	case kindFixed:
		n.least = n.size
	case kindRecord:
		for _, f := range n.fields {
			n.least += f.node.least
		}
	default:
		n.least = 1
	}
	return n
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
