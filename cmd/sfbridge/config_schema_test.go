package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"sfbridge/bridge/platform/respondio"
)

// settingValues are the values that settings may have where there are only a few, by the Go name of the field.
func settingValues() map[string][]string {
	ways := directions()
	return map[string][]string{
		"LogConfig.Level": logLevels, "LogConfig.Format": logFormats, "ProjectConfig.Platform": platformNames(),
		"TransferConfig.Direction": ways, "PairConfig.Direction": ways, "PairConfig.Format": {"text", "phone", "email"}, "TransferConfig.Recipe": recipeNames(),
		"TransferConfig.NoMatchInbound": {"create", "skip"}, "TransferConfig.NoMatchOutbound": {"create", "skip"}, "TransferConfig.OnDelete": {"keep", "delete"}, "TransferConfig.OnGone": {"leave", "create"},
		"CreationConfig.OnDuplicate": {buryIt, "link", "save"}, "AccountConfig.Otherwise": {otherPrivate, "lead", "skip"},
		"Config.ClearText": {respondio.ClearEmpty, respondio.ClearNull}, "Config.ClearCustom": {respondio.ClearEmpty, respondio.ClearNull},
		"PhonesConfig.Match": {"number", "exact"}, "PairConfig.OnRefused": refusals(),
	}
}

// needed are the settings that must be written, by the Go name of their struct.
func needed() map[string][]string {
	return map[string][]string{
		"Config": {"org", "project"}, "OrgConfig": {"client_id", "client_secret", "login_url"}, "ProjectConfig": {"org", "platform", "transfer"}, "TransferConfig": {"name"},
	}
}

// schemaWriter makes the schema of the types that read the configuration.
type schemaWriter struct {
	t     *testing.T
	words map[string]string // what each field is, by Struct.Field
}

type object = map[string]any

func TestArchitecture_SchemaIsThatOfTheSettings(t *testing.T) {
	w := &schemaWriter{t, wordsOf(t, ".", filepath.Join("..", "..", "bridge", "platform", "respondio"))}
	top := w.table(reflect.ValueOf(defaultConfig()).Elem(), "org", "project")
	top["$schema"], top["title"] = "http://json-schema.org/draft-07/schema#", "The configuration of sfbridge"
	names := object{"pattern": namePattern.String()}
	props := top["properties"].(object)
	props["org"] = object{"type": "object", "propertyNames": names, "additionalProperties": w.table(reflect.ValueOf(defaultOrg()).Elem()), "description": w.words["Config.Orgs"]}
	var projects []any
	for _, name := range platformNames() {
		p := w.table(reflect.ValueOf(&ProjectConfig{Workers: 64, Phones: defaultPhones()}).Elem())
		section := w.table(reflect.ValueOf(platforms()[name].section()).Elem())
		maps.Copy(p["properties"].(object), section["properties"].(object))
		p["properties"].(object)["platform"] = object{"const": name, "description": w.words["ProjectConfig.Platform"]}
		projects = append(projects, p)
	}
	props["project"] = object{"type": "object", "propertyNames": names, "additionalProperties": object{"anyOf": projects}, "description": w.words["Config.Projects"]}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(top); err != nil {
		t.Fatal(err)
	}
	if golden(t, "config.schema.json", b.String()); t.Failed() {
		t.Log("after a setting was added or changed: go test ./cmd/sfbridge -run Schema -update")
	}
}

// table is the schema of a struct; what is left out is described elsewhere.
func (w *schemaWriter) table(v reflect.Value, without ...string) object {
	props := object{}
	for _, f := range settingFields(v) {
		if slices.Contains(without, f.key) {
			continue
		}
		s := w.value(f)
		if f.key == "identity" {
			props := s["items"].(object)["properties"].(object)
			maps.DeleteFunc(props, func(key string, _ any) bool { return !slices.Contains(identityKeys, key) })
		}
		words := w.words[f.name()]
		if words == "" {
			w.t.Errorf("the field %s, which reads the setting %s, has no comment: write behind it what it is; the schema shows that in editors", f.name(), f.key)
		}
		s["description"] = words
		props[f.key] = s
	}
	s := object{"type": "object", "properties": props, "additionalProperties": false}
	if need := needed()[v.Type().Name()]; need != nil && (v.Type().Name() != "Config" || v.Type() == reflect.TypeFor[Config]()) {
		s["required"] = need
	}
	return s
}

// settingField is one field of a struct that reads a setting.
type settingField struct {
	key   string
	of    reflect.Type
	field reflect.StructField
	value reflect.Value
}

func (f settingField) name() string { return f.of.Name() + "." + f.field.Name }

func settingFields(v reflect.Value) (all []settingField) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			all = append(all, settingFields(v.Field(i))...)
			continue
		}
		key, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		if key != "" && key != "-" {
			all = append(all, settingField{key, v.Type(), field, v.Field(i)})
		}
	}
	return all
}

func (w *schemaWriter) value(f settingField) object {
	s := w.kind(f.field.Type)
	if t := f.field.Type; t.Kind() == reflect.Struct && t != secretType {
		s = w.table(f.value) // with its defaults
	}
	values := settingValues()[f.name()]
	if values != nil {
		s["enum"] = values
	}
	switch x := f.value.Interface().(type) {
	case time.Duration:
		if x != 0 {
			s["default"] = x.String()
		}
	case string:
		if x != "" {
			s["default"] = x
		}
	case int:
		if x != 0 {
			s["default"] = x
		}
	case float64:
		s["default"] = x
	case bool:
		s["default"] = x
	}
	return s
}

func (w *schemaWriter) kind(t reflect.Type) object {
	switch t {
	case secretType:
		return object{"type": "string", "examples": []string{"env:NAME", "file:/path", "cred:NAME"}}
	case durationType:
		return object{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$`}
	case sizeType:
		return object{"type": "string", "pattern": `^([0-9]+ ?[KMGT]iB|0)$`}
	}
	switch t.Kind() {
	case reflect.Struct:
		v := reflect.New(t)
		if d, ok := v.Interface().(interface{ byDefault() }); ok {
			d.byDefault()
		}
		return w.table(v.Elem())
	case reflect.Slice:
		return object{"type": "array", "items": w.kind(t.Elem())}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return object{"type": "object"}
		}
		return object{"type": "object", "additionalProperties": w.kind(t.Elem())}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Interface:
		return object{"type": []string{"string", "number", "boolean", "array"}}
	default:
		return object{"type": "string"}
	}
}

// wordsOf are the comments of the fields of all structs in the folders, by Struct.Field. The comment behind a field counts, else the one above it.
func wordsOf(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	words := map[string]string{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok {
					return true
				}
				s, ok := spec.Type.(*ast.StructType)
				if !ok {
					return true
				}
				for _, field := range s.Fields.List {
					text := field.Comment.Text()
					if text == "" {
						text = field.Doc.Text()
					}
					for _, id := range field.Names {
						if text != "" {
							words[spec.Name.Name+"."+id.Name] = strings.Join(strings.Fields(text), " ")
						}
					}
				}
				return true
			})
		}
	}
	return words
}

// settingsOf are the paths of all settings that the code reads: * stands for a name, [] for a list.
func settingsOf(v reflect.Value, path string) (all []string) {
	for _, f := range settingFields(v) {
		at := strings.TrimPrefix(path+"."+f.key, ".")
		t := f.field.Type
		switch {
		case t == secretType || t == sizeType || t == durationType:
			all = append(all, at)
		case t.Kind() == reflect.Struct:
			all = append(all, settingsOf(f.value, at)...)
		case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && t.Elem() != secretType:
			all = append(all, settingsOf(reflect.New(t.Elem()).Elem(), at)...)
		case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Pointer:
		default:
			all = append(all, at)
		}
	}
	return all
}

// written are the paths of all settings of a decoded file.
func written(v any, path string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		into[path] = true
		for key, value := range v {
			at := strings.TrimPrefix(path+"."+key, ".")
			if path == "org" || path == "project" {
				at = path + ".*"
			}
			written(value, at, into)
		}
	case []any:
		into[path] = true
		for _, item := range v {
			written(item, path, into)
		}
	default:
		into[path] = true
	}
}

// wholeExample is the example with every setting that stands behind a # taken for written, and the settings in it.
func wholeExample(t *testing.T) ([]byte, map[string]any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "config.example.toml"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	for i, line := range lines {
		bare := strings.TrimLeft(line, " ")
		rest, commented := strings.CutPrefix(bare, "# ")
		key, _, setting := strings.Cut(rest, " = ")
		if commented && (setting && !strings.ContainsAny(key, " ,.;:`") || strings.HasPrefix(rest, "{ ")) {
			lines[i] = rest
		}
	}
	text := strings.Join(lines, "\n")
	var tree map[string]any
	if err := toml.Unmarshal([]byte(text), &tree); err != nil {
		t.Fatalf("config.example.toml, with all that is commented out taken in, is no TOML: %v\na line that begins with \"# key = \" must be a whole setting, and stand once in its table", err)
	}
	return []byte(text), tree
}

func TestArchitecture_ExampleHoldsEverySettingThatTheCodeReads(t *testing.T) {
	text, tree := wholeExample(t)
	in := map[string]bool{}
	written(tree, "", in)
	all := settingsOf(reflect.ValueOf(defaultConfig()).Elem(), "")
	all = append(all, settingsOf(reflect.ValueOf(defaultOrg()).Elem(), "org.*")...)
	all = append(all, settingsOf(reflect.ValueOf(&ProjectConfig{}).Elem(), "project.*")...)
	for _, name := range platformNames() {
		all = append(all, settingsOf(reflect.ValueOf(platforms()[name].section()).Elem(), "project.*")...)
	}
	for _, path := range all {
		of, key, _ := strings.Cut(path, ".identity.")
		if of != path && !slices.Contains(identityKeys, key) {
			continue // a fault there
		}
		if !in[path] {
			t.Errorf("the code reads the setting %s, and config.example.toml lacks a line for it: add one with a comment; where it has no default worth showing, behind a #", path)
		}
	}
	if len(all) < 60 {
		t.Errorf("only %d settings were found", len(all))
	}
	// Whatever the example names is read: a strict decode of all of it finds no unknown key.
	_, err := parseConfig("config.example.toml", text, testSurroundings(), nil)
	for _, f := range faultsOf(err) {
		if strings.Contains(f.Cause, "unknown") {
			t.Errorf("config.example.toml:%d names %s, which no code reads: %s", f.Line, f.Path, f.Remedy)
		}
	}
}

func TestArchitecture_ExampleFitsTheSchema(t *testing.T) {
	_, tree := wholeExample(t)
	var schema object
	if err := json.Unmarshal([]byte(configSchema), &schema); err != nil {
		t.Fatal(err)
	}
	if faults := fits(schema, inJSON(t, tree), ""); len(faults) > 0 {
		t.Errorf("the schema does not take config.example.toml:\n%s", strings.Join(faults, "\n"))
	}
	files, _ := filepath.Glob(filepath.Join("testdata", "faulty", "*.toml"))
	caught := 0
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var tree map[string]any
		if toml.Unmarshal(b, &tree) != nil {
			continue
		}
		base, refused := filepath.Base(name), len(fits(schema, inJSON(t, tree), "")) > 0
		if refused {
			caught++
		}
		if !refused && (strings.HasPrefix(base, "type_") || strings.HasPrefix(base, "unknown_")) {
			t.Errorf("the schema takes %s", base)
		}
	}
	if caught < 20 {
		t.Errorf("the schema refuses only %d of %d faulty configurations", caught, len(files))
	}
}

// inJSON is a decoded file as JSON has it.
func inJSON(t *testing.T, tree any) any {
	t.Helper()
	b, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// fits validates v by the part of JSON Schema that ours uses.
func fits(schema object, v any, path string) (faults []string) {
	blame := func(format string, args ...any) { faults = append(faults, path+": "+fmt.Sprintf(format, args...)) }
	if of, ok := schema["anyOf"].([]any); ok {
		if !slices.ContainsFunc(of, func(s any) bool { return len(fits(s.(object), v, path)) == 0 }) {
			return append([]string{path + ": fits none"}, fits(of[0].(object), v, path)...)
		}
		return nil
	}
	if c, ok := schema["const"]; ok && c != v {
		blame("%v is not %v", v, c)
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		blame("%v is none of %v", v, enum)
	}
	if kinds := schema["type"]; kinds != nil && !slices.Contains(listOf(kinds), kindOfJSON(v)) && !(kindOfJSON(v) == "integer" && slices.Contains(listOf(kinds), "number")) {
		blame("a %s is no %v", kindOfJSON(v), kinds)
	}
	switch v := v.(type) {
	case map[string]any:
		props, _ := schema["properties"].(object)
		for _, name := range listOf(schema["required"]) {
			if _, ok := v[name]; !ok {
				blame("%s is missing", name)
			}
		}
		for key, value := range v {
			if s, ok := props[key].(object); ok {
				faults = append(faults, fits(s, value, path+"."+key)...)
			} else if s, ok := schema["additionalProperties"].(object); ok {
				faults = append(faults, fits(s, value, path+"."+key)...)
			} else if schema["additionalProperties"] == false {
				blame("%s is unknown", key)
			}
		}
	case []any:
		if s, ok := schema["items"].(object); ok {
			for i, item := range v {
				faults = append(faults, fits(s, item, fmt.Sprintf("%s[%d]", path, i))...)
			}
		}
	}
	return faults
}

func listOf(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, x := range v {
			all = append(all, x.(string))
		}
	}
	return all
}

func kindOfJSON(v any) string {
	switch v := v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	default:
		return "object"
	}
}
