package salesforce

// idSuffix are the characters of the checksum of an id.
const idSuffix = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

// LongID is the 18-character form of a 15-character id; anything else is returned as it is.
// https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/field_types.htm#i1435616
func LongID(id string) string {
	if len(id) != 15 {
		return id
	}
	long := []byte(id)
	for group := 0; group < 15; group += 5 {
		bits := 0
		for i, c := range []byte(id[group : group+5]) {
			if c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		long = append(long, idSuffix[bits])
	}
	return string(long)
}

// isID reports whether s has the form of an id.
func isID(s string) bool {
	if len(s) != 15 && len(s) != 18 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
