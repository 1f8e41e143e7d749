package cdc

import "fmt"

// skim passes over a value of any type, and holds it to its type as it goes.
func skim(p []byte, at int, n *node) (next int, err error) {
	switch n.kind {
	case kindNull:
		return at, nil
	case kindBoolean:
		switch {
		case at >= len(p):
			return 0, errShort
		case p[at] > 1:
			return 0, errBool
		}
		return at + 1, nil
	case kindInt:
		_, next, err = integer(p, at)
	case kindLong:
		_, next, err = long(p, at)
	case kindFloat:
		_, next, err = float(p, at, 4)
	case kindDouble:
		_, next, err = float(p, at, 8)
	case kindBytes, kindString:
		_, next, err = text(p, at)
	case kindEnum:
		_, next, err = index(p, at, len(n.symbols))
	case kindFixed:
		if len(p)-at < n.size {
			return 0, errShort
		}
		return at + n.size, nil
	case kindArray, kindMap:
		return skimBlocks(p, at, n)
	case kindRecord:
		return skimRecord(p, at, n)
	default:
		var i int
		if i, next, err = index(p, at, len(n.branches)); err == nil {
			return skim(p, next, n.branches[i])
		}
	}
	return next, err
}

func skimRecord(p []byte, at int, n *node) (next int, err error) {
	for i := range n.fields {
		if at, err = skim(p, at, n.fields[i].node); err != nil {
			return 0, fmt.Errorf("%s: %w", n.fields[i].name, err)
		}
	}
	return at, nil
}

// skimBlocks passes over the blocks of an array or of a map, whose items have a key before them.
func skimBlocks(p []byte, at int, n *node) (int, error) {
	least := n.items.least
	if n.kind == kindMap {
		least++
	}
	for {
		count, next, end, err := block(p, at, least)
		if err != nil {
			return 0, err
		}
		if at = next; count == 0 {
			return at, nil
		}
		for range count {
			if n.kind == kindMap {
				if _, at, err = text(p, at); err != nil {
					return 0, err
				}
			}
			if at, err = skim(p, at, n.items); err != nil {
				return 0, err
			}
		}
		if end >= 0 && end != at {
			return 0, fmt.Errorf("block is %d bytes longer than it says", at-end)
		}
	}
}
