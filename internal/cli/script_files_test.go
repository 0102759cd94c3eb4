package cli_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/rogpeppe/go-internal/testscript"

	"hmsp.center/hmsp/identity"
)

// A patient is a row of the lung trial in Parquet; a nil is a missing value.
type patient struct {
	Inst     *string `parquet:"inst,optional"`
	Time     *int64  `parquet:"time,optional"`
	Status   *int64  `parquet:"status,optional"`
	Age      *int64  `parquet:"age,optional"`
	Sex      *string `parquet:"sex,optional"`
	PhEcog   *int64  `parquet:"ph.ecog,optional"`
	PhKarno  *int64  `parquet:"ph.karno,optional"`
	PatKarno *int64  `parquet:"pat.karno,optional"`
	MealCal  *int64  `parquet:"meal.cal,optional"`
	WtLoss   *int64  `parquet:"wt.loss,optional"`
}

// toParquet writes a file of the lung trial as Parquet: `parquet CSV PARQUET`.
func toParquet(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	ts.Check(err)
	at := map[string]int{}
	for i, name := range records[0] {
		at[name] = i
	}
	var rows []patient
	for _, r := range records[1:] {
		text := func(name string) *string {
			if v := r[at[name]]; v != "" && v != "NA" {
				return &v
			}
			return nil
		}
		number := func(name string) *int64 {
			v := text(name)
			if v == nil {
				return nil
			}
			n, err := strconv.ParseInt(*v, 10, 64)
			ts.Check(err)
			return &n
		}
		rows = append(rows, patient{text("inst"), number("time"), number("status"), number("age"), text("sex"), number("ph.ecog"),
			number("ph.karno"), number("pat.karno"), number("meal.cal"), number("wt.loss")})
	}
	ts.Check(parquet.WriteFile(ts.MkAbs(args[1]), rows))
}

// certificate writes a certificate for 127.0.0.1 of an authority that nobody
// trusts, made some days ago for a year: `certificate FILE DAYS`.
func certificate(ts *testscript.TestScript, _ bool, args []string) {
	days, err := strconv.Atoi(args[1])
	ts.Check(err)
	made := time.Now().AddDate(0, 0, -days)
	root, err := identity.NewRoot("another authority", made)
	ts.Check(err)
	leaf, err := root.NewLeaf([]string{"127.0.0.1"}, made)
	ts.Check(err)
	ts.Check(leaf.Save(ts.MkAbs(args[0])))
}

// tmpfs mounts a small file system until the script ends: `tmpfs FOLDER SIZE`.
func tmpfs(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]); err != nil {
		ts.Fatalf("mount: %v", err)
	}
	ts.Defer(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
}
