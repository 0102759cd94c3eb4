package activity

import (
	"testing"

	"hmsp.center/hmsp/ucum"
)

// TestUnits: every unit is one of UCUM, and that of acceleration is no mass.
func TestUnits(t *testing.T) {
	for _, c := range Codes() {
		if _, err := ucum.Parse(c.Unit); err != nil {
			t.Errorf("%s: %v", c.Code, err)
		}
		if c.Code == AccelerationDay {
			if x, err := ucum.Convert(1000, c.Unit, "m/s2"); err != nil || x < 9.8 || x > 9.81 {
				t.Errorf("1000 of the unit of acceleration are %v m/s2, %v", x, err)
			}
		}
	}
}
