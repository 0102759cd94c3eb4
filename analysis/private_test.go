package analysis

import "testing"

func TestExpectationsAreWrittenForPeople(t *testing.T) {
	for want, e := range map[string]Expectation{
		"the median of age will be within about 4.1 a":   {What: "median of age", Within: 4.08, Unit: "a"},
		"the median survival will be within about 160 d": {What: "median survival", Within: 158.7, Unit: "d"},
		"the survival curve will be within about 0.033":  {What: "survival curve", Within: 0.0327},
		"the mean will be within about 10.0":             {What: "mean", Within: 9.99},
		"the share will be within about 0.00012":         {What: "share", Within: 0.000123},
		"the count will be within about 0":               {What: "count"},
	} {
		if got := e.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
