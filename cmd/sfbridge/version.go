package main

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
)

// versionCommand prints which build this is.
type versionCommand struct {
	JSON bool `name:"json" help:"One line of JSON."`
}

// Run prints the version.
func (v *versionCommand) Run(c *console) error {
	if v.JSON {
		return json.NewEncoder(c.out).Encode(map[string]any{"schema": 1, "version": version(), "revision": revision(), "go": runtime.Version()})
	}
	c.printf("sfbridge %s %s %s\n", version(), revision(), runtime.Version())
	return nil
}

// version is the module's version, "devel" where it was built from a work tree.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

// revision is the commit, "unknown" where the build does not say.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return s.Value[:12]
			}
		}
	}
	return "unknown"
}
