package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// storeStall cuts a backup whose reader takes no byte for so long: the file grows while one is read.
const storeStall = 30 * time.Second

// storeRoutes are what the commands ask of a running daemon.
func (a *app) storeRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /store/backup", a.sendBackup)
	mux.HandleFunc("GET /store/check", a.sendCheck)
	mux.HandleFunc("GET /store/links", a.sendLinks)
	mux.HandleFunc("GET /store/known", a.sendKnown)
	mux.HandleFunc("GET /store/claims", a.sendClaims)
	return mux
}

func (a *app) sendBackup(w http.ResponseWriter, r *http.Request) {
	began, out := time.Now(), &paced{w: w, c: http.NewResponseController(w)}
	n, err := a.engine.Backup(r.Context(), out, func(size int64) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", fmt.Sprint(size)) // a copy that is cut is known by it
	})
	_ = out.c.SetWriteDeadline(time.Time{})
	if err != nil {
		a.world.log.Warn("backup ended early", "bytes", n, "error", err)
		if n == 0 {
			w.Header().Del("Content-Length")
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		return
	}
	a.world.log.Info("backup sent", "bytes", n, "took", time.Since(began).String())
}

func (a *app) sendCheck(w http.ResponseWriter, r *http.Request) {
	got, err := a.engine.Check(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(got)
}

// paced gives each part of an answer its own time to go.
type paced struct {
	w http.ResponseWriter
	c *http.ResponseController
}

// Write sends one part.
func (p *paced) Write(b []byte) (int, error) {
	_ = p.c.SetWriteDeadline(time.Now().Add(storeStall)) // a listener without deadlines has none
	return p.w.Write(b)
}
