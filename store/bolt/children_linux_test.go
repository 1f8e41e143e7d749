package bolt_test

import "os"

// children are the processes that tests start of the test binary; each ends with the process.
func children() bool {
	if mount := os.Getenv(diskArg); mount != "" {
		os.Exit(diskMain(mount))
	}
	if spec := os.Getenv(killArg); spec != "" {
		os.Exit(killMain(spec))
	}
	return false
}
