package clienttest

import "testing"

// TestJsforce_UsesTheOrg runs the checks of testdata/jsforce.mjs, each as a test of its own.
func TestJsforce_UsesTheOrg(t *testing.T) {
	w := startWorld(t)
	p := startNode(t, w, "jsforce.mjs", map[string]any{"loginUrl": w.secure, "clientId": clientID, "clientSecret": clientSecret})
	checks := 0
	for line := p.next(t); line != nil; line = p.next(t) {
		checks++
		name, _ := line["check"].(string)
		t.Run(name, func(t *testing.T) {
			if fault := line["fault"]; fault != "" {
				t.Error(fault)
			}
		})
	}
	if checks < 15 {
		t.Errorf("the program ended after %d checks", checks)
	}
}
