package status

import (
	"bytes"
	_ "embed" // the page's files
	"html/template"
	"net/http"

	"sfbridge/bridge"
)

//go:embed web/page.html
var pageHTML string

//go:embed web/style.css
var styleCSS []byte

//go:embed web/app.js
var appJS []byte

//go:embed web/icon.svg
var iconSVG []byte

// page is the one web page, parsed once.
type page struct{ *template.Template }

func newPage() *page {
	return &page{template.Must(template.New("page").Funcs(formats()).Parse(pageHTML))}
}

// asset serves one embedded file.
func asset(kind string, b []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(b)
	})
}

func (h *Handler) showPage(w http.ResponseWriter, r *http.Request) {
	v := view{Status: h.snapshot(r.Context())}
	var trouble error
	var stories []bridge.Story
	if stories, trouble = h.deps.Stories.Stories(r.Context(), Filter{}, shownStories); trouble == nil {
		v.stories(stories)
	}
	letters, err := h.deps.Letters.List(r.Context(), LetterPage{Limit: shownLetters})
	if err == nil {
		v.letters(letters)
	} else {
		trouble = err
	}
	if trouble != nil {
		h.deps.Log.WarnContext(r.Context(), "status page is incomplete", "error", trouble)
	}
	v.finish(trouble)
	var b bytes.Buffer
	if err := h.page.Execute(&b, &v); err != nil {
		h.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = b.WriteTo(w)
}
