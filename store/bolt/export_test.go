package bolt

// Sweep is what Run does once a minute.
func (d *DB) Sweep() { d.sweep() }
