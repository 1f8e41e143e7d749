package bolt

import (
	"go.etcd.io/bbolt"

	"sfbridge/store"
)

// tops are the largest keys of each kind that store.Sequential names which the file had, or may have had: a key beyond is not there, and what is only
// appended need not be looked for first. What a transaction raised counts once it is committed.
type tops struct{ entries, stories string }

// raise reports whether a key is beyond all of its kind, and makes it the last of them.
func (t *tops) raise(seq *bbolt.Bucket, key string) bool {
	if !store.Sequential(key) {
		return false
	}
	top := &t.entries
	if key[0] != 'e' {
		top = &t.stories
	}
	if *top == "" {
		*top = topOf(seq, key[:2])
	}
	if key <= *top {
		return false
	}
	*top = key
	return true
}

// topOf is the largest key with a prefix of two bytes, or the prefix.
func topOf(seq *bbolt.Bucket, prefix string) string {
	c := seq.Cursor()
	k, _ := c.Seek([]byte{prefix[0], prefix[1] + 1})
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	if len(k) > 2 && string(k[:2]) == prefix {
		return string(k)
	}
	return prefix
}
