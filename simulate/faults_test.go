package simulate_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Faults are where the truth says: each line names a row that shows its fault, and
// there are as many lines as truth.json counts. Numbers of rows are those in the
// identifiers of FHIR resources.
func TestFaultsArePlanted(t *testing.T) {
	o := small()
	o.People = 600 // for the rarest to be at each site
	dir := write(t, o)
	truth := readTruth(t, dir)
	for _, s := range truth.Sites {
		lines := rows(t, filepath.Join(dir, "truth", s.Name, "faults.csv"))
		counted := 0
		for _, f := range s.Faults {
			counted += f.Rows
			if f.Rows == 0 {
				t.Errorf("%s: nobody has the fault %s", s.Name, f.Kind)
			}
		}
		if counted != len(lines) {
			t.Errorf("%s: %d lines, the truth counts %d", s.Name, len(lines), counted)
		}
		fhir := filepath.Join(dir, s.Name, "fhir")
		by, birth := map[string]map[string]any{}, map[string]string{}
		for _, r := range append(resources(t, fhir, "Observation"), resources(t, fhir, "Condition")...) {
			by[at(r, "id")] = r
		}
		for _, r := range resources(t, fhir, "Patient") {
			birth[at(r, "id")] = at(r, "birthDate")
		}
		for _, l := range lines {
			letter := map[string]string{"measurement": "m", "condition": "d"}[l["table"]]
			row, n := by[l["patient"]+"-"+letter+l["row"]], 0
			where := "valueQuantity.value"
			if row == nil { // a diastolic pressure is in the resource of the row before it
				fmt.Sscan(l["row"], &n)
				row, where = by[fmt.Sprintf("%s-m%d", l["patient"], n-1)], "component.1.valueQuantity.value"
			} else if row["component"] != nil {
				where = "component.0.valueQuantity.value"
			}
			var value, wanted float64
			fmt.Sscan(at(row, where), &value)
			fmt.Sscan(l["true_value"], &wanted)
			if at(row, "code.coding.0.system") == "http://loinc.org" && strings.HasPrefix(at(row, "valueQuantity.unit"), "mmol/L") {
				wanted /= 38.67
			}
			shows := false
			switch l["fault"] {
			case "zero":
				shows = value == 0
			case "wrong-unit":
				shows = value > 30 && at(row, "valueQuantity.unit") == "mmol/L"
			case "outlier":
				shows = value > 8*wanted
			case "digits":
				shows = value == float64(int(value/10))*10
			case "drift":
				shows = value >= wanted-0.006
			case "duplicate":
				shows = strings.HasPrefix(at(row, "effectiveDateTime"), l["true_time"])
			case "future":
				shows = at(row, "effectiveDateTime")[:4] > l["true_time"][:4]
			case "before-birth":
				shows = at(row, "recordedDate") < birth[l["patient"]]
			}
			if !shows {
				t.Fatalf("%s: a row does not show its fault %s", s.Name, l["fault"])
			}
		}
	}
}

// A clean simulation has no faults and nothing missing.
func TestClean(t *testing.T) {
	o := small()
	o.Clean, o.People = true, 60
	for _, s := range readTruth(t, write(t, o)).Sites {
		if len(s.Faults)+len(s.Missing) > 0 {
			t.Errorf("%s is not clean", s.Name)
		}
	}
}
