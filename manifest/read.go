package manifest

import (
	"fmt"
	"io"
	"os"
)

// ReadFile reads the bytes of a manifest, and of a larger file no more than it
// takes for Parse to say so. what names the document in the error: "charter".
func ReadFile(path, what string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	return data, nil
}
