package status

import "net/http"

// Guarded puts further routes of the admin listener behind what guards this handler: the same token, the same host names, the same origins.
func (h *Handler) Guarded(next http.Handler) http.Handler { return h.guard(next) }
