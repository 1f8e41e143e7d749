// Package jsonwalk steps over JSON text once, value by value, and refuses at the byte where it stops being JSON.
//
// A callback is looked at by two who want little of it: the server, which refuses doubled keys and deep nesting, and the platform's hook, which wants
// a name and an id. Both step over the rest, and neither builds a tree or has the text judged by somebody else first.
//
//	{ "contact" : { "id" : 42 } , "text" : "..." }
//	  └─ Text ─┘  └── Value ──┘
//
// What it promises: a text is taken if and only if encoding/json takes it, nesting of [MaxDepth] included; nothing is allocated; no byte outside the
// text is looked at, whatever it holds. It never decodes a value, and leaves to its callers whether bytes are UTF-8.
package jsonwalk
