package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestMain lets the test's program be its own children.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "bench" && os.Args[2] == "child" {
		if err := Child(context.Background(), os.Args[3], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func tinyData() Config {
	return Config{Repeats: 1, Data: DataSize{FHIR: 1 << 20, Events: 5000, Shared: 4 << 20, First: 4 << 20, Rows: 5000, Memory: 1 << 30}}
}

// Every measurement of data is of something that was really done: the readers and the
// three ways to a cohort find the same, or it fails.
func TestData(t *testing.T) {
	var out bytes.Buffer
	c := tinyData()
	c.Folder = t.TempDir()
	if err := Data(t.Context(), &out, c); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"FHIR to table", "Cohort of ", "Memory of 4 processes", "First analysis", "rows of four columns", "observations of 100 people"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	t.Log(out.String())
	if left, err := os.ReadDir(c.Folder); err != nil || len(left) > 0 {
		t.Errorf("there remain %v (%v)", left, err)
	}
}
