//go:build !unix

package member

import "os"

// owns says whether this process may write a folder: such a system has access lists
// instead of one owner, and whom they let write is the owner here.
func owns(home string) bool {
	f, err := os.CreateTemp(home, ".owner-*")
	if err != nil {
		return false
	}
	name := f.Name()
	return f.Close() == nil && os.Remove(name) == nil
}
