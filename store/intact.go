package store

// Intact reports what is wrong with a value under its key, for an engine that looks at every record. Keys of the engine itself, which are in no envelope,
// are not judged.
func Intact(key string, val []byte) error {
	if len(key) < 2 || key[1] != '/' {
		return nil
	}
	_, err := open(key, val)
	return err
}
