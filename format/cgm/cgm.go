// Package cgm reads what continuous glucose monitors export as CSV: Dexcom's Clarity,
// Abbott's LibreView, and the table id, time, gl of package iglu for R (Broll et al., PLoS
// One 2021;16:e0248560).
//
// It serves package dataset through the shell of recordings. Glucose is in mg/dL or in
// mmol/L, as the header says; where it does not, as the values say, and a note tells. It
// takes no other CSV for its own. It refuses times of which the order of day and month
// cannot be told, and what is no number.
package cgm

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
)

// New returns the format.
func New() format.Format { return recording.Format{Decoder: decoder{}} }

type decoder struct{}

// Name is "cgm".
func (decoder) Name() string { return "cgm" }

// Sniff knows the headers, in the first line or behind a line about the export. It is
// surer than that the file is any CSV.
func (decoder) Sniff(head []byte, filename string) int {
	text := bytes.TrimPrefix(recording.Unpacked(head), []byte("\xef\xbb\xbf"))
	for range 3 {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole && len(rest) == 0 && len(line) > 4096 {
			return 0
		}
		if _, ok := tableOf(strings.Split(strings.ReplaceAll(strings.TrimSuffix(string(line), "\r"), `"`, ""), ",")); ok {
			return 97
		}
		if !bytes.HasPrefix(text, []byte("Glucose Data")) && !bytes.HasPrefix(text, []byte(`"Glucose Data`)) && !bytes.HasPrefix(line, []byte("\r")) && len(line) > 0 {
			return 0
		}
		text = rest
	}
	return 0
}

// A maker is who exports a table.
type maker uint8

const (
	iglu maker = iota + 1
	dexcom
	libre
)

// A table is what a header says of the rows under it; -1 is a column that is not there.
type table struct {
	maker                  maker
	header                 []string
	id, time, event, value int
	about                  int     // of Dexcom: what a row about the person says
	factor                 float64 // to mg/dL; 0 where the header does not say
}

// molar is how many mg/dL a mmol/L of glucose is.
const molar = 18.015588

// tableOf knows a table by its header.
func tableOf(header []string) (table, bool) {
	at := func(name string) int { return slices.Index(header, name) }
	unit := func(before, after string) (int, float64) {
		if i := at(before + "mg/dL" + after); i >= 0 {
			return i, 1
		}
		return at(before + "mmol/L" + after), molar
	}
	t := table{header: header, id: at("id"), time: at("time"), event: -1, value: at("gl"), about: -1}
	if len(header) == 3 && t.id >= 0 && t.time >= 0 && t.value >= 0 {
		t.maker = iglu
		return t, true
	}
	t.id = -1
	if t.time, t.event = at("Device Timestamp"), at("Record Type"); t.time >= 0 && t.event >= 0 {
		t.maker = libre
		t.value, t.factor = unit("Historic Glucose ", "")
		return t, t.value >= 0
	}
	if t.time, t.event, t.about = at("Timestamp (YYYY-MM-DDThh:mm:ss)"), at("Event Type"), at("Patient Info"); t.time >= 0 && t.event >= 0 {
		t.maker = dexcom
		t.value, t.factor = unit("Glucose Value (", ")")
		return t, t.value >= 0
	}
	return t, false
}

// begin opens a file and reads up to the rows.
func begin(ctx context.Context, path string) (io.Closer, *recording.Rows, table, error) {
	in, err := recording.Open(ctx, path)
	if err != nil {
		return nil, nil, table{}, err
	}
	rows := recording.NewRows(ctx, path, in, ',')
	first, err := rows.Next()
	for err == nil {
		if t, ok := tableOf(recording.Names(first)); ok {
			rows.Under(t.header)
			return in, rows, t, nil
		}
		if rows.Line() > 3 {
			err = rows.Fail("", "this is no table of Dexcom's Clarity, of LibreView or of iglu", "export it again, in English")
			break
		}
		first, err = rows.Next()
	}
	in.Close()
	if err == io.EOF {
		err = rows.Fail("", "the file has no header of a table", "export it again")
	}
	return nil, nil, table{}, err
}

// Person reads the date of birth, which Dexcom's export has before the readings.
func (decoder) Person(ctx context.Context, path string) (recording.Person, error) {
	in, rows, t, err := begin(ctx, path)
	if err != nil {
		return recording.Person{}, err
	}
	defer in.Close()
	for t.maker == dexcom && t.about >= 0 {
		fields, err := rows.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return recording.Person{}, err
		}
		if len(fields[t.time]) > 0 {
			break
		}
		if string(fields[t.event]) == "DateOfBirth" && len(fields[t.about]) > 0 {
			birth := string(fields[t.about])
			if _, ok := format.ParseTime(birth, format.ISODate); !ok {
				return recording.Person{}, rows.Fail(t.header[t.about], "the date of birth is no date", "export it again")
			}
			return recording.Person{Birth: birth}, nil
		}
	}
	return recording.Person{}, nil
}

// Decode reads the readings of the sensor: twice, to know first how they are written.
func (decoder) Decode(ctx context.Context, path string, emit func(patient string, s activity.Sample) error) error {
	var h habits
	if err := each(ctx, path, h.look); err != nil {
		return err
	}
	return each(ctx, path, func(r *reading) error {
		if !h.settled {
			if err := h.settle(ctx, r); err != nil {
				return err
			}
		}
		return h.sample(ctx, r, emit)
	})
}

// A reading is a row with a reading of the sensor, until the next one.
type reading struct {
	rows    *recording.Rows
	table   table
	patient []byte
	time    []byte
	value   []byte
}

// each gives the readings of a file.
func each(ctx context.Context, path string, give func(*reading) error) error {
	in, rows, t, err := begin(ctx, path)
	if err != nil {
		return err
	}
	defer in.Close()
	r := &reading{rows: rows, table: t}
	for {
		fields, err := rows.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case t.maker == dexcom && string(fields[t.event]) != "EGV": // estimated glucose value
			continue
		case t.maker == libre && string(fields[t.event]) != "0": // historic: what the sensor keeps by itself
			continue
		}
		if t.id >= 0 {
			r.patient = fields[t.id]
			if len(r.patient) == 0 {
				return rows.Fail("id", "the row does not say whose it is", "export the table again")
			}
		}
		r.time, r.value = fields[t.time], fields[t.value]
		if missing(r.value) {
			continue
		}
		if err := give(r); err != nil {
			return err
		}
	}
}

func missing(b []byte) bool { return len(b) == 0 || string(b) == "NA" }
