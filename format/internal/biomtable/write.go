package biomtable

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
)

// WriteJSON writes a table as BIOM 1.0, sparse. Date is that of the table in ISO 8601, and
// by says what made it.
func WriteJSON(w io.Writer, t *Table, by, date string) error {
	out := bufio.NewWriter(w)
	element := "int"
	for _, x := range t.Values {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("BIOM 1.0 has no missing and no infinite values")
		}
		if x != math.Trunc(x) {
			element = "float"
		}
	}
	kind := t.Type
	if kind == "" {
		kind = "OTU table"
	}
	fmt.Fprintf(out, `{"id":null,"format":"Biological Observation Matrix 1.0.0","format_url":"http://biom-format.org","type":%s,"generated_by":%s,"date":%s,`, quoted(kind), quoted(by), quoted(date))
	fmt.Fprintf(out, `"matrix_type":"sparse","matrix_element_type":%q,"shape":[%d,%d],"data":[`, element, len(t.Features), len(t.Samples))
	var line []byte
	first := true
	for s := range t.Samples {
		for k := t.Starts[s]; k < t.Starts[s+1]; k++ {
			line = line[:0]
			if !first {
				line = append(line, ',')
			}
			first = false
			line = fmt.Appendf(line, "[%d,%d,", t.Places[k], s)
			line = append(strconv.AppendFloat(line, t.Values[k], 'f', -1, 64), ']')
			out.Write(line) // an error stays for Flush
		}
	}
	out.WriteString(`],"rows":[`)
	for i, f := range t.Features {
		metadata := map[string][]string(nil)
		if f.Lineage != nil {
			metadata = map[string][]string{"taxonomy": f.Lineage}
		}
		writeEntry(out, i, f.ID, metadata, metadata == nil)
	}
	out.WriteString(`],"columns":[`)
	for i, s := range t.Samples {
		metadata := map[string]string{}
		for k, a := range t.Attributes {
			if t.Known[i][k] != "" {
				metadata[a] = t.Known[i][k]
			}
		}
		writeEntry(out, i, s, metadata, len(metadata) == 0)
	}
	out.WriteString("]}\n")
	return out.Flush()
}

func writeEntry(out *bufio.Writer, i int, id string, metadata any, none bool) {
	if i > 0 {
		out.WriteByte(',')
	}
	if none {
		fmt.Fprintf(out, `{"id":%s,"metadata":null}`, quoted(id))
		return
	}
	text, _ := json.Marshal(metadata) // maps of texts always can
	fmt.Fprintf(out, `{"id":%s,"metadata":%s}`, quoted(id), text)
}

func quoted(text string) string {
	out, _ := json.Marshal(text) // a text always can
	return string(out)
}
