//go:build !unix

package pool

import (
	"errors"
	"os"
)

var errSystem = errors.New("pools need a system with shared memory maps and locks on folders, such as Linux or macOS")

func mapFile(*os.File, int64) ([]byte, error) { return nil, errSystem }
func unmapFile([]byte) error                  { return errSystem }
func reserve(int64) ([]byte, error)           { return nil, errSystem }
func advise([]byte, span, Advice) error       { return errSystem }
func lock(*os.File) (bool, error)             { return false, errSystem }

func openOwn(string, bool) (*os.File, os.FileInfo, error) { return nil, nil, errSystem }
