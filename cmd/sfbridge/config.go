package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/pelletier/go-toml/v2"

	"sfbridge/bridge"
)

// maxConfig bounds the configuration file.
const maxConfig = 4 << 20

// Config is what the operator writes. The zero value is not usable: start from defaultConfig.
type Config struct {
	AllowInlineSecrets bool                      `toml:"allow_inline_secrets"` // a secret may stand in the file itself; for trials
	Listen             ListenConfig              `toml:"listen"`               // the addresses that are served
	Store              StoreConfig               `toml:"store"`                // what waits and what both sides agreed on
	Log                LogConfig                 `toml:"log"`                  // what is logged and how
	Run                RunConfig                 `toml:"run"`                  // the life of the daemon
	Orgs               map[string]*OrgConfig     `toml:"org"`                  // the Salesforce orgs, by name
	Projects           map[string]*ProjectConfig `toml:"project"`              // the workspaces of messaging platforms, by name
}

// ListenConfig names the addresses that are served.
type ListenConfig struct {
	Public     string   `toml:"public"`      // webhooks of the platforms
	Admin      string   `toml:"admin"`       // status, metrics, dead letters
	AdminToken Secret   `toml:"admin_token"` // asked for on the admin listener where it is set; must be set where that is not loopback
	AdminHosts []string `toml:"admin_hosts"` // further host names by which the admin listener may be addressed
}

// StoreConfig names the store.
type StoreConfig struct {
	Path    string `toml:"path"`     // one file; no network file system
	MaxSize size   `toml:"max_size"` // how large the file may grow; 0 is no bound
	MinFree size   `toml:"min_free"` // how much of its disk stays free for the work on what waits
}

// LogConfig says what is logged and how.
type LogConfig struct {
	Level  string `toml:"level"`  // debug, info, warn or error
	Format string `toml:"format"` // auto, json or text; auto is text on a terminal
}

// RunConfig bounds the life of the daemon.
type RunConfig struct {
	Grace   time.Duration `toml:"grace"`   // how long what is in flight may take after a stop was asked for
	Settle  time.Duration `toml:"settle"`  // how long after a start what waits from before is left alone
	Workers int           `toml:"workers"` // deliveries of all projects that are carried at a time
}

// OrgConfig is one Salesforce org.
type OrgConfig struct {
	LoginURL       string `toml:"login_url"`       // the My Domain address
	ClientID       string `toml:"client_id"`       // the consumer key of the external client app
	ClientSecret   Secret `toml:"client_secret"`   // the consumer secret of the external client app
	APIVersion     string `toml:"api_version"`     // of Salesforce's REST API
	PubSub         string `toml:"pubsub"`          // host:port of the Pub/Sub API
	PubSubInsecure bool   `toml:"pubsub_insecure"` // without TLS; loopback only
	ID             string `toml:"id"`              // the org's id, where it must be this one and no other
	Client         string `toml:"client"`          // the name by which the bridge marks its own writes
	FirstLoad      string `toml:"first_load"`      // none, mirror or send: what becomes of records that are there before the first run
	Channel        string `toml:"channel"`         // auto, none, or the name of a channel of several objects
	Linger         string `toml:"linger"`          // how long a row waits for company before a call that has room: auto or a duration
	Reserve        int    `toml:"reserve"`         // share of the daily API calls, in per cent, that is left to others
}

// ProjectConfig is one workspace of one messaging platform. Keys that are not of every project are the platform's.
type ProjectConfig struct {
	Org       string           `toml:"org"`      // one of [org.NAME]
	Platform  string           `toml:"platform"` // whose workspace it is
	Region    string           `toml:"region"`   // ISO 3166 country of phones that are written without one
	Phones    PhonesConfig     `toml:"phones"`   // how phones are written and matched
	Shadow    bool             `toml:"shadow"`   // everything runs and is shown, nothing is sent either way
	Workers   int              `toml:"workers"`  // deliveries of one direction that are carried at a time
	Transfers []TransferConfig `toml:"transfer"` // what is carried, and how

	rest    map[string]any // the platform's keys as they stand in the file
	Section any            // a pointer to the platform's own configuration, once decoded
}

func (p *ProjectConfig) keep(key string, value any) {
	if p.rest == nil {
		p.rest = map[string]any{}
	}
	p.rest[key] = value
}

func defaultConfig() *Config {
	return &Config{
		Listen: ListenConfig{Public: "127.0.0.1:8080", Admin: "127.0.0.1:8081"},
		Store:  StoreConfig{Path: "sfbridge.db", MinFree: 64 << 20},
		Log:    LogConfig{Level: "info", Format: "auto"},
		Run:    RunConfig{Grace: 20 * time.Second, Settle: 2 * time.Second, Workers: 512},
	}
}

func defaultOrg() *OrgConfig {
	return &OrgConfig{APIVersion: "66.0", PubSub: "api.pubsub.salesforce.com:7443", Client: "sfbridge", FirstLoad: string(bridge.LoadNone), Channel: channelAuto, Linger: lingerAuto, Reserve: 20}
}

// compile judges an expression of a transfer before anything runs; see ruleSyntax.
type compile func(source string, use expressionUse) error

// loadConfig reads the file, follows its secrets and answers either a configuration without fault or all of its faults joined.
func loadConfig(name string, where surroundings, judge compile) (*Config, error) {
	b, err := readConfig(name)
	if err != nil {
		return nil, &FaultError{File: name, Line: 1, Column: 1, Cause: err.Error(), Remedy: "name the file with -c FILE; config.example.toml is a start"}
	}
	return parseConfig(name, b, where, judge)
}

func readConfig(name string) ([]byte, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if st.Size() > maxConfig {
		return nil, fmt.Errorf("the file is longer than %d bytes", maxConfig)
	}
	return os.ReadFile(name)
}

func parseConfig(name string, b []byte, where surroundings, judge compile) (*Config, error) {
	var tree map[string]any
	if err := toml.Unmarshal(b, &tree); err != nil {
		return nil, syntaxFault(name, err)
	}
	fs := newFaults(name, locate(b))
	c := defaultConfig()
	orgs, projects := tables(tree["org"]), tables(tree["project"])
	c.Orgs, c.Projects = make(map[string]*OrgConfig, len(orgs)), make(map[string]*ProjectConfig, len(projects))
	fs.decode("", without(tree, "org", "project"), reflect.ValueOf(c).Elem())
	fs.decodeOrgs(c, tree)
	fs.decodeProjects(c, tree)
	v := &validation{fs, c, where, judge}
	v.run()
	if err := fs.err(); err != nil {
		return nil, err
	}
	return c, nil
}

func (fs *faults) decodeOrgs(c *Config, tree map[string]any) {
	if v, ok := tree["org"]; ok && !isTable(v) {
		want[map[string]any](fs, "org", v, "a table for each org, such as [org.main]")
	}
	for name, v := range tables(tree["org"]) {
		c.Orgs[name] = defaultOrg()
		fs.decode(join("org", name), v, reflect.ValueOf(c.Orgs[name]).Elem())
	}
}

func (fs *faults) decodeProjects(c *Config, tree map[string]any) {
	if v, ok := tree["project"]; ok && !isTable(v) {
		want[map[string]any](fs, "project", v, "a table for each project, such as [project.support]")
	}
	for name, v := range tables(tree["project"]) {
		p, path := &ProjectConfig{Workers: 64, Phones: defaultPhones()}, join("project", name)
		c.Projects[name] = p
		fs.decode(path, v, reflect.ValueOf(p).Elem())
		fs.decodeSection(path, p)
		for i := range p.Transfers {
			p.Transfers[i].prepare(platforms()[p.Platform].traits)
		}
	}
}

// decodeSection gives the platform's keys to the platform's own configuration.
func (fs *faults) decodeSection(path string, p *ProjectConfig) {
	platform, ok := platforms()[p.Platform]
	if !ok {
		return // blamed by the validation
	}
	p.Section = platform.section()
	fields := fieldsOf(reflect.ValueOf(p.Section).Elem())
	known := append(keysOf(fields), keysOf(fieldsOf(reflect.ValueOf(p).Elem()))...)
	for key, value := range p.rest {
		if f, ok := fields[key]; ok {
			fs.decode(join(path, key), value, f)
		} else {
			fs.unknown(join(path, key), key, known)
		}
	}
}

func syntaxFault(name string, err error) *FaultError {
	f := &FaultError{File: name, Line: 1, Column: 1, Cause: err.Error(), Remedy: "see https://toml.io for how TOML is written"}
	if d, ok := errors.AsType[*toml.DecodeError](err); ok {
		f.Line, f.Column = d.Position()
		f.Cause = "this is not TOML: " + trimPrefix(d.Error())
	}
	return f
}

func tables(v any) map[string]any {
	t, _ := v.(map[string]any)
	return t
}

func isTable(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

func without(t map[string]any, keys ...string) map[string]any {
	rest := make(map[string]any, len(t))
	for k, v := range t {
		rest[k] = v
	}
	for _, k := range keys {
		delete(rest, k)
	}
	return rest
}
