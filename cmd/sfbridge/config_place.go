package main

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// place is where something stands in a file, both from 1.
type place struct{ line, column int }

// places finds the line of a key by its path, such as project.main.transfer[0].fields[2].platform.
type places map[string]place

// find answers the place of path, or of the nearest table around it: what is missing is blamed on where it should stand.
func (p places) find(path string) place {
	for {
		if at, ok := p[path]; ok {
			return at
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return place{1, 1}
		}
		path = path[:cut]
	}
}

// locator walks the syntax of a file that is known to be sound.
type locator struct {
	p      *unstable.Parser
	places places
	counts map[string]int // of the tables of each array so far
}

// locate finds the places of all keys of a sound file.
func locate(file []byte) places {
	l := &locator{&unstable.Parser{}, places{}, map[string]int{}}
	l.p.Reset(file)
	table := ""
	for l.p.NextExpression() {
		e := l.p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = l.header(e)
		case unstable.KeyValue:
			l.pair(table, e)
		}
	}
	return l.places
}

// header is the path of the table that e opens.
func (l *locator) header(e *unstable.Node) string {
	path, at := "", place{1, 1}
	for it := e.Key(); it.Next(); {
		n := it.Node()
		at = l.at(n, at)
		path = join(path, string(n.Data))
		if it.IsLast() && e.Kind == unstable.ArrayTable {
			l.counts[path]++
		}
		if _, ok := l.places[path]; !ok || it.IsLast() {
			l.places[path] = at
		}
		if c := l.counts[path]; c > 0 {
			path = fmt.Sprintf("%s[%d]", path, c-1)
			if it.IsLast() {
				l.places[path] = at
			}
		}
	}
	return path
}

func (l *locator) pair(table string, e *unstable.Node) {
	path, at := table, place{1, 1}
	for it := e.Key(); it.Next(); {
		at = l.at(it.Node(), at)
		path = join(path, string(it.Node().Data))
		if _, ok := l.places[path]; !ok {
			l.places[path] = at
		}
	}
	l.value(path, e.Value(), at)
}

func (l *locator) value(path string, v *unstable.Node, at place) {
	switch v.Kind {
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			l.pair(path, it.Node())
		}
	case unstable.Array:
		i := 0
		for it := v.Children(); it.Next(); {
			n := it.Node()
			if n.Kind == unstable.Comment {
				continue
			}
			item := fmt.Sprintf("%s[%d]", path, i)
			l.places[item] = l.first(n, at)
			l.value(item, n, l.places[item])
			i++
		}
	}
}

// first is the place of n or of the first key inside it: tables and arrays have no place of their own.
func (l *locator) first(n *unstable.Node, at place) place {
	if n.Raw.Length > 0 {
		return l.at(n, at)
	}
	if n.Kind == unstable.InlineTable || n.Kind == unstable.Array {
		it := n.Children()
		if !it.Next() {
			return at
		}
		c := it.Node()
		if c.Kind != unstable.KeyValue {
			return l.first(c, at)
		}
		if k := c.Key(); k.Next() {
			return l.at(k.Node(), at)
		}
	}
	return at
}

// at is the place of n, or the fallback where the parser keeps none.
func (l *locator) at(n *unstable.Node, fallback place) place {
	if n.Raw.Length == 0 {
		return fallback
	}
	s := l.p.Shape(n.Raw).Start
	return place{s.Line, s.Column}
}

func join(path, key string) string {
	if key == "" || strings.ContainsAny(key, `. []"'`) {
		key = fmt.Sprintf("%q", key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
