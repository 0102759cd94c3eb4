package acceleration

import (
	"bytes"
	"regexp"
	"strings"
)

// A layout is one of the forms.
type layout int

const (
	none      layout = iota
	plain            // "timestamp,x,y,z", then rows
	axivity          // rows of time, x, y, z alone
	actigraph        // ten lines about the file, then rows of x, y, z, or of a time before them
	geneactiv        // a hundred lines about the file, then rows of time, x, y, z and more
)

// layoutOf tells the form by the first lines.
func layoutOf(head []byte) layout {
	lines := strings.SplitN(string(bytes.TrimPrefix(head[:min(len(head), 4096)], []byte("\xef\xbb\xbf"))), "\n", 4)
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], "\r")
	}
	first := lines[0]
	row := regexp.MustCompile(`^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d{3,9},-?\d+\.\d+,-?\d+\.\d+,-?\d+\.\d+(,|$)`)
	switch {
	case strings.HasPrefix(first, "------------ Data File Created By ActiGraph "), strings.HasPrefix(first, "------------ Data Table File Created By ActiGraph "):
		return actigraph
	case strings.HasPrefix(first, "Device Type,GENEActiv"):
		return geneactiv
	case plainHeader(first):
		if len(lines) > 1 && regexp.MustCompile(`^[0-9T :.+Z-]{10,40},-?\d+(\.\d*)?([eE]-?\d+)?,-?\d+(\.\d*)?([eE]-?\d+)?,-?\d+(\.\d*)?([eE]-?\d+)?$`).MatchString(lines[1]) {
			return plain
		}
	case len(lines) > 2 && row.MatchString(first) && row.MatchString(lines[1]):
		return axivity
	}
	return none
}

func plainHeader(line string) bool {
	return line == "timestamp,x,y,z" || line == "time,x,y,z"
}
