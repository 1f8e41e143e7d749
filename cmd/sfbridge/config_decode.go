package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

var (
	secretType   = reflect.TypeFor[Secret]()
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[size]()
)

// keeper is a table that keeps keys it does not know for a later look: the platform's part of a project.
type keeper interface{ keep(key string, value any) }

// decode fills to from a table and blames every key that is unknown and every value of the wrong kind, instead of ending at the first.
func (fs *faults) decode(path string, from any, to reflect.Value) {
	switch to.Type() {
	case secretType:
		if s, ok := want[string](fs, path, from, "a text"); ok {
			to.Set(reflect.ValueOf(Secret{ref: s}))
		}
		return
	case durationType:
		fs.decodeDuration(path, from, to)
		return
	case sizeType:
		fs.decodeSize(path, from, to)
		return
	}
	switch to.Kind() {
	case reflect.Struct:
		fs.decodeTable(path, from, to)
	case reflect.Map:
		fs.decodeMap(path, from, to)
	case reflect.Slice:
		fs.decodeList(path, from, to)
	case reflect.Interface:
		to.Set(reflect.ValueOf(from))
	default:
		fs.decodePlain(path, from, to)
	}
}

func (fs *faults) decodePlain(path string, from any, to reflect.Value) {
	switch to.Kind() {
	case reflect.String:
		if s, ok := want[string](fs, path, from, "a text"); ok {
			to.SetString(s)
		}
	case reflect.Bool:
		if b, ok := want[bool](fs, path, from, "true or false"); ok {
			to.SetBool(b)
		}
	case reflect.Int, reflect.Int64:
		if n, ok := want[int64](fs, path, from, "a whole number"); ok {
			to.SetInt(n)
		}
	case reflect.Float64:
		if n, ok := from.(int64); ok {
			to.SetFloat(float64(n))
		} else if n, ok := want[float64](fs, path, from, "a number"); ok {
			to.SetFloat(n)
		}
	default:
		panic("impossible: a configuration of kind " + to.Type().String())
	}
}

func (fs *faults) decodeDuration(path string, from any, to reflect.Value) {
	s, ok := want[string](fs, path, from, "a duration")
	if !ok {
		return
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		fs.add(path, `write a number and a unit, such as "20s", "5m" or "1h30m"`, "%q is not a duration", s)
		return
	}
	to.SetInt(int64(d))
}

func (fs *faults) decodeTable(path string, from any, to reflect.Value) {
	table, ok := want[map[string]any](fs, path, from, "a table")
	if !ok {
		return
	}
	fields := fieldsOf(to)
	keep, _ := to.Addr().Interface().(keeper)
	for key, value := range table {
		switch f, ok := fields[key]; {
		case ok:
			fs.decode(join(path, key), value, f)
		case keep != nil:
			keep.keep(key, value)
		default:
			fs.unknown(join(path, key), key, keysOf(fields))
		}
	}
}

// unknown blames a key, and counts the one that was probably meant as written, so that it is not missed as well.
func (fs *faults) unknown(path, key string, known []string) {
	if n := nearest(key, known); n != "" {
		defer func() { fs.unread[strings.TrimSuffix(path, key)+n] = true }()
	}
	fs.add(path, meant(key, known), "the key %s is unknown here", key)
}

func (fs *faults) decodeMap(path string, from any, to reflect.Value) {
	table, ok := want[map[string]any](fs, path, from, "a table")
	if !ok {
		return
	}
	to.Set(reflect.MakeMapWithSize(to.Type(), len(table)))
	for key, value := range table {
		v := reflect.New(to.Type().Elem()).Elem()
		if v.Kind() == reflect.Pointer {
			v.Set(reflect.New(v.Type().Elem()))
			fs.decode(join(path, key), value, v.Elem())
		} else {
			fs.decode(join(path, key), value, v)
		}
		to.SetMapIndex(reflect.ValueOf(key), v)
	}
}

func (fs *faults) decodeList(path string, from any, to reflect.Value) {
	list, ok := want[[]any](fs, path, from, "a list")
	if !ok {
		return
	}
	to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
	for i, value := range list {
		item := to.Index(i)
		if d, ok := item.Addr().Interface().(interface{ byDefault() }); ok {
			d.byDefault()
		}
		fs.decode(fmt.Sprintf("%s[%d]", path, i), value, item)
	}
}

// want takes from as a T or blames path.
func want[T any](fs *faults, path string, from any, wanted string) (T, bool) {
	v, ok := from.(T)
	if !ok {
		fs.add(path, "write "+wanted, "%s was given where %s belongs", kindOf(from), wanted)
		fs.unread[path] = true
	}
	return v, ok
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "a text"
	case bool:
		return "true or false"
	case int64, float64:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	default:
		return "a date or a time"
	}
}

// fieldsOf lists the fields of a struct by their TOML key, those of embedded structs among them.
func fieldsOf(s reflect.Value) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	for i := range s.NumField() {
		if s.Type().Field(i).Anonymous {
			maps.Copy(all, fieldsOf(s.Field(i)))
			continue
		}
		key, _, _ := strings.Cut(s.Type().Field(i).Tag.Get("toml"), ",")
		if key != "" && key != "-" {
			all[key] = s.Field(i)
		}
	}
	return all
}

func keysOf(fields map[string]reflect.Value) []string {
	var keys []string
	for k := range fields {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
