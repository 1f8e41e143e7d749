package status

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// livez answers whether the process turns at all. It asks no peer and no disk.
func (h *Handler) livez(w http.ResponseWriter, _ *http.Request) {
	if h.deps.Alive != nil && !h.deps.Alive() {
		writeText(w, http.StatusServiceUnavailable, "stuck\n")
		return
	}
	writeText(w, http.StatusOK, "ok\n")
}

// readyz answers whether webhooks can be taken durably. With ?verbose it lists each condition.
func (h *Handler) readyz(w http.ResponseWriter, r *http.Request) {
	var checks []Check
	if h.deps.Ready != nil {
		checks = h.deps.Ready(r.Context())
	}
	code, b := http.StatusOK, strings.Builder{}
	for _, c := range checks {
		sign := "+"
		if !c.OK {
			sign, code = "-", http.StatusServiceUnavailable
		}
		fmt.Fprintf(&b, "[%s] %s %s\n", sign, c.Name, c.Text)
	}
	verdict := "ready\n"
	if code != http.StatusOK {
		verdict = "not ready\n"
	}
	if r.URL.Query().Has("verbose") {
		verdict = b.String() + verdict
	}
	writeText(w, code, verdict)
}

func writeText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text))
}

func writeJSON(w http.ResponseWriter, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		writeText(w, http.StatusInternalServerError, "internal error\n")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(b, '\n'))
}
