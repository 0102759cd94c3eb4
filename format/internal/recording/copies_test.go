package recording

import (
	"context"
	"strings"
	"testing"

	"hmsp.center/hmsp/activity"
)

// alone is a decoder of one file for a recording.
type alone struct{ d steps }

func (a alone) Name() string                           { return a.d.Name() }
func (a alone) Sniff(head []byte, filename string) int { return a.d.Sniff(head, filename) }
func (a alone) Decode(ctx context.Context, path string, emit func(string, activity.Sample) error) error {
	return a.d.Decode(ctx, path, emit)
}

// An export that was saved twice counts once; two people whose files are alike, and a
// file of the same size, count as they are.
func TestCopiesCountOnce(t *testing.T) {
	const walk, other = "steps\n,3600,100\n", "steps\n,7200,100\n"
	named := "steps\np1,3600,100\np2,3600,50\n"
	for _, c := range []struct {
		files map[string]string
		want  string
		notes bool
	}{
		{map[string]string{"p1/a.txt": walk, "p1/a copy.txt": walk, "p1/b.txt": other, "p2/a.txt": walk}, "p1=200 p2=100", true},
		{map[string]string{"steps.txt": named, "steps copy.txt": named}, "p1=100 p2=50", true},
		{map[string]string{"p1.txt": walk, "p2.txt": walk}, "p1=100 p2=100", false},
	} {
		days, _, notes, err := readAs(t, Format{Decoder: alone{}}, folder(t, c.files))
		if got := strings.Join(days, " "); err != nil || got != c.want || strings.Contains(strings.Join(notes, ";"), "copies") != c.notes {
			t.Errorf("got %s (%s, %v), want %s", got, notes, err, c.want)
		}
	}
}
