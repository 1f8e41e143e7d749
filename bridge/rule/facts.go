package rule

import (
	"fmt"
	"reflect"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"

	"sfbridge/bridge"
)

// facts are what one evaluation may read.
type facts struct{ sf, contact *record }

// ResolveName answers the two records.
func (f *facts) ResolveName(name string) (any, bool) {
	switch name {
	case "sf":
		return f.sf, true
	case "contact":
		return f.contact, true
	}
	return nil, false
}

// Parent is nobody.
func (*facts) Parent() interpreter.Activation { return nil }

// record is a record as expressions see it: a map of the names that the expression reads, without a copy of the values.
type record struct {
	of     func(name string) bridge.Value
	names  []string
	prefix string // of the parent that was stepped into, with its dot
}

var _ traits.Mapper = (*record)(nil)

func recordOf[K ~string](values map[K]bridge.Value, names []K) *record {
	r := &record{of: func(name string) bridge.Value { return values[K(name)] }, names: make([]string, len(names))}
	for i, n := range names {
		r.names[i] = string(n)
	}
	return r
}

// Find answers the value of a name, or the record of a parent.
func (r *record) Find(key ref.Val) (ref.Val, bool) {
	k, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), false
	}
	name := r.prefix + string(k)
	for _, n := range r.names {
		if n == name {
			return native(r.of(name)), true
		}
	}
	for _, n := range r.names {
		if strings.HasPrefix(n, name+".") {
			return &record{r.of, r.names, name + "."}, true
		}
	}
	return nil, false
}

// Get is Find with an error for what is not there.
func (r *record) Get(key ref.Val) ref.Val {
	if v, ok := r.Find(key); ok {
		return v
	}
	return types.NewErr("no such name: %v", key)
}

// Contains reports whether there is such a name.
func (r *record) Contains(key ref.Val) ref.Val {
	_, ok := r.Find(key)
	return types.Bool(ok)
}

// Size is how many names there are.
func (r *record) Size() ref.Val { return types.Int(len(r.names)) }

// Iterator goes over the names.
func (r *record) Iterator() traits.Iterator {
	return types.NewStringList(types.DefaultTypeAdapter, r.names).Iterator()
}

// ConvertToNative is not possible.
func (r *record) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("a record is no %s", t)
}

// ConvertToType is not possible but to its type.
func (r *record) ConvertToType(t ref.Type) ref.Val {
	if t == types.TypeType {
		return types.MapType
	}
	return types.NewErr("a record is no %s", t.TypeName())
}

// Equal is identity.
func (r *record) Equal(other ref.Val) ref.Val { return types.Bool(ref.Val(r) == other) }

// Type is that of maps.
func (r *record) Type() ref.Type { return types.MapType }

// Value is the record itself.
func (r *record) Value() any { return r }
