package hub

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"

	"hmsp.center/hmsp/manifest"
)

// ConfigVersion is the kind and version of the hub's file.
const ConfigVersion = "hub/v1"

// ConfigFile is the hub's file in its home.
const ConfigFile = "hub.yaml"

//go:embed hub.schema.json
var schemaJSON []byte

// JSONSchema is the published JSON Schema of hub.yaml.
func JSONSchema() []byte { return schemaJSON }

// A File is the hub's own file: where it listens and how much it takes.
type File struct {
	Hmsp        string   `json:"hmsp"`
	Listen      string   `json:"listen"`                // host:port
	Hosts       []string `json:"hosts"`                 // names and addresses in its certificate
	Certificate string   `json:"certificate,omitempty"` // PEM of certificate and key from another authority; "" lets the hub make its own
	DiskGiB     int      `json:"disk_gib,omitempty"`    // bytes of messages kept at once, in GiB
}

// ReadFile reads the hub's file from its home.
func ReadFile(home string) (File, error) {
	path := filepath.Join(home, ConfigFile)
	var f File
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return f, fmt.Errorf("%s has no hub: make one with `hmsp hub init`, or name the right folder with --home", home)
	}
	if err != nil {
		return f, fmt.Errorf("read the hub's file: %w", err)
	}
	return f, manifest.Decode(path, data, schemaJSON, &f)
}
