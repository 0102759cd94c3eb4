package acceleration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

func decode(ctx context.Context, path string) (out []activity.Sample, err error) {
	err = Decoder{}.Decode(ctx, path, func(patient string, s activity.Sample) error {
		if patient != "" || math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || s.Duration < 0 {
			return errors.New("a sample that must not be")
		}
		out = append(out, s)
		return nil
	})
	return out, err
}

func save(t testing.TB, text string) string {
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// lines are 30 seconds from 2024-01-31T08:15:00 on, ten a second, of 1.5 g up and 1 g across
// in turn: ENMO is half of 0.5 g.
func lines(stamp func(t time.Time) string, more string) string {
	var b strings.Builder
	begin := time.Date(2024, 1, 31, 8, 15, 0, 0, time.UTC)
	for i := range 300 {
		xyz := "0.000,0.000,1.500"
		if i%2 == 0 {
			xyz = "1.000,0.000,0.000"
		}
		if stamp != nil {
			b.WriteString(stamp(begin.Add(time.Duration(i)*100*time.Millisecond)) + ",")
		}
		b.WriteString(xyz + more + "\r\n")
	}
	return b.String()
}

func stamped(s string) func(time.Time) string {
	return func(t time.Time) string { return t.Format(s) }
}

func about(first string, n int, lines ...string) string {
	all := append([]string{first}, lines...)
	for len(all) < n {
		all = append(all, "Something Else,Erika Mustermann")
	}
	return strings.Join(all, "\r\n") + "\r\n"
}

const acti = "------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.3 Firmware v2.5.0 date format M/d/yyyy at 10 Hz  Filter Normal -----------"

// forms are a file of each form.
func forms() map[string]string {
	german := strings.Replace(acti, "M/d/yyyy", "dd.MM.yyyy", 1)
	return map[string]string{
		"plain":        "timestamp,x,y,z\r\n" + lines(stamped("2006-01-02T15:04:05.000Z"), ""),
		"seconds":      "time,x,y,z\r\n" + lines(func(t time.Time) string { return fmt.Sprintf("%.3f", float64(t.UnixMilli())/1000) }, ""),
		"milliseconds": "time,x,y,z\r\n" + lines(func(t time.Time) string { return fmt.Sprint(t.UnixMilli()) }, ""),
		"axivity":      lines(stamped("2006-01-02 15:04:05.000"), ""),
		"geneactiv":    about("Device Type,GENEActiv", 100) + lines(func(t time.Time) string { return strings.Replace(t.Format("2006-01-02 15:04:05.000"), ".", ":", 1) }, ",12,0,25.1"),
		"actigraph":    about(acti, 10, "Serial Number: X", "Start Time 08:15:00", "Start Date 1/31/2024", "Epoch Period (hh:mm:ss) 00:00:00") + lines(nil, ""),
		"actigraph named": about(german, 10, "Start Time 8:15:00", "Start Date 31.01.2024") + "Timestamp,Accelerometer X,Accelerometer Y,Accelerometer Z\r\n" +
			lines(stamped("1/2/2006 15:04:05.000"), ""),
		"actigraph headed": about(acti, 10, "Start Time 08:15:00", "Start Date 1/31/2024,") + "Accelerometer X,Accelerometer Y,Accelerometer Z\r\n" + lines(nil, ""),
	}
}

// Each form gives six windows of 250 mg, from when it says.
func TestForms(t *testing.T) {
	begin := time.Date(2024, 1, 31, 8, 15, 0, 0, time.UTC).Unix()
	for name, text := range forms() {
		path := save(t, text)
		if f, err := os.ReadFile(path); err != nil || (Decoder{}).Sniff(f, path) != 95 {
			t.Errorf("%s is not sniffed", name)
		}
		got, err := decode(t.Context(), path)
		if err != nil || len(got) != 7 {
			t.Errorf("%s: %v, %v", name, got, err)
			continue
		}
		for i, s := range got[:6] {
			if s.Kind != activity.Acceleration || s.Time != begin+5*int64(i) || s.Duration != 5 || math.Abs(s.Value-250) > 1e-9 {
				t.Errorf("%s: window %v", name, s)
			}
		}
		if worn := (activity.Sample{Kind: activity.Worn, Time: begin, Duration: 30, Value: 1}); got[6] != worn {
			t.Errorf("%s: %v, want %v", name, got[6], worn)
		}
	}
}

// Other CSV is left alone.
func TestSniff(t *testing.T) {
	for _, s := range []string{
		"patient,time,value\nP1,2024-01-31,3\n",
		"timestamp,x,y,z\nP1,2,3,4\n",
		"time,x,y,z,w\n2024-01-31 08:15:00.000,1,2,3,4\n",
		"Time,X,Y,Z\n1,2,3,4\n",
		"2024-01-31 08:15:00,1,2,3\n2024-01-31 08:15:01,1,2,3\n",
		"2024-01-31 08:15:00.000,1.0,a,3.0\n",
		"timestamp,x,y,z\n",
		"",
	} {
		if n := (Decoder{}).Sniff([]byte(s), "a.csv"); n != 0 {
			t.Errorf("%q: %d", s, n)
		}
	}
}

func TestConformance(t *testing.T) {
	o := format.Options{Table: format.MeasurementTable}
	var samples []formattest.Sample
	for _, name := range []string{"plain", "axivity", "actigraph"} {
		path := save(t, forms()[name])
		all, err := formattest.ReadAll(t.Context(), New(), path, o)
		if err != nil || all.Rows == 0 {
			t.Fatalf("%s: %d rows, %v", name, all.Rows, err)
		}
		samples = append(samples, formattest.Sample{Path: path, Options: o, Columns: format.ClinicalColumns(o.Table), Rows: all.Rows})
	}
	broken := func(name, says, text string) formattest.Broken {
		return formattest.Broken{Name: name + ".csv", Data: []byte(text), Options: o, Says: says, Canary: "Erika"}
	}
	const row = "timestamp,x,y,z\n2024-01-31 08:15:00.000,1,2,3\n"
	formattest.Suite(t, New(), samples, []formattest.Broken{
		broken("a", ":3, column \"y\": this is no acceleration", row+"2024-01-31 08:15:00.100,1,Erika,3\n"),
		broken("b", ":3, column \"z\": this is no acceleration", row+"2024-01-31 08:15:00.100,1,2,101\n"),
		broken("c", ":3: the row has more or fewer values", row+"2024-01-31 08:15:00.100,1,2\n"),
		broken("d", ":3: the row does not begin with a time", row+"Erika,1,2,3\n"),
		broken("e", ":3: the last line does not end", row+"2024-01-31 08:15:00.100,1,2,3"),
		broken("f", "the row has more or fewer values", row+"2024-01-31 08:15:00.100,0,1,0,2,0,3\n"),
		broken("g", "counts per epoch", about(acti, 10, "Start Time 08:15:00", "Start Date 1/31/2024", "Epoch Period (hh:mm:ss) 00:00:10")),
		broken("h", "do not say when it began", about(acti, 10, "Start Time 08:15:00", "Start Date Erika")+"1,2,3\n"),
		broken("i", "the rate in Hz", about(strings.Replace(acti, "10 Hz", "0 Hz", 1), 10, "Start Time 08:15:00", "Start Date 1/31/2024")+"1,2,3\n"),
		broken("j", "there are no rows", about("Device Type,GENEActiv", 60)),
		broken("k", "does not begin like a file of the format", "patient,value\nErika,2\n"),
	})
}

// Whatever is read ends, with samples or an error, and never in a panic.
func FuzzDecode(f *testing.F) {
	for _, text := range forms() {
		f.Add([]byte(text[:min(len(text), 4000)]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := save(t, string(data))
		_, err := decode(t.Context(), path)
		var fe *format.Error
		if err != nil && (!errors.As(err, &fe) || fe.File != path) {
			t.Errorf("%v is no *format.Error", err)
		}
	})
}

func BenchmarkAxivity(b *testing.B) {
	text := []byte(forms()["axivity"])
	data := bytes.Repeat(text, 200)
	path := save(b, string(data))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := decode(b.Context(), path); err != nil {
			b.Fatal(err)
		}
	}
}
