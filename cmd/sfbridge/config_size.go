package main

import (
	"math"
	"reflect"
	"strconv"
	"strings"
)

// size is a number of bytes. In the file it is a text of a whole number and a unit; 0 needs none.
type size int64

// sizeUnits are those that may stand in the file, in powers of 1024.
const sizeUnits = "KMGT"

const remedyOfSize = `write a whole number and a unit, such as "500MiB" or "20GiB"`

func (fs *faults) decodeSize(path string, from any, to reflect.Value) {
	s, ok := want[string](fs, path, from, "a size")
	if !ok {
		return
	}
	n, ok := parseSize(s)
	if !ok {
		fs.add(path, remedyOfSize, "%q is not a size", s)
		return
	}
	to.SetInt(int64(n))
}

func parseSize(s string) (size, bool) {
	number, shift := s, 0
	if text, ok := strings.CutSuffix(s, "iB"); ok && text != "" {
		last := len(text) - 1
		shift = 10 * (strings.IndexByte(sizeUnits, text[last]) + 1)
		if number = text[:last]; shift == 0 {
			return 0, false
		}
	} else if s != "0" {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(number, " "), 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift || strings.HasPrefix(number, "+") || strings.HasPrefix(number, "-") {
		return 0, false
	}
	return size(n << shift), true
}
