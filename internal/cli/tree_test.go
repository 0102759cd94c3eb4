package cli

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/study"
)

// tree walks every command that a person can type.
func tree(t *testing.T, visit func(*testing.T, *cobra.Command)) {
	a := &app{catalog: standard.Catalog(), now: time.Now, out: io.Discard, err: io.Discard}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		t.Run(strings.ReplaceAll(c.CommandPath(), " ", "-"), func(t *testing.T) { visit(t, c) })
		for _, s := range c.Commands() {
			walk(s)
		}
	}
	walk(a.root())
}

// TestExamplesParse: every command shows examples that name real commands and
// flags and give the arguments that the command takes.
func TestExamplesParse(t *testing.T) {
	tree(t, func(t *testing.T, c *cobra.Command) {
		text := c.Example
		if c.Parent() == nil {
			text = c.Long // the root shows its examples in its story
		}
		n := 0
		for line := range strings.Lines(text) {
			_, line, ok := strings.Cut(line, "hmsp ")
			if !ok {
				continue
			}
			n++
			line, _, _ = strings.Cut(line, " > ")
			line, _, _ = strings.Cut(line, " < ")
			typed(t, c, strings.Fields(line))
		}
		if n == 0 {
			t.Error("no example")
		}
		if c.Short == "" {
			t.Error("no short description")
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("flag --%s says nothing", f.Name)
			}
		})
	})
}

// typed parses a command line as the program would, up to running it.
func typed(t *testing.T, shown *cobra.Command, words []string) {
	t.Helper()
	a := &app{catalog: standard.Catalog(), now: time.Now, out: io.Discard, err: io.Discard}
	c, rest, err := a.root().Find(words)
	if err != nil {
		t.Errorf("%q: %v", words, err)
		return
	}
	if shown.Parent() != nil && shown.RunE != nil && !shown.HasSubCommands() && c.CommandPath() != shown.CommandPath() {
		t.Errorf("%q is an example of %s, not of %s", words, c.CommandPath(), shown.CommandPath())
	}
	if err := c.ParseFlags(rest); err != nil {
		t.Errorf("%q: %v", words, err)
		return
	}
	if err := c.ValidateArgs(c.Flags().Args()); err != nil {
		t.Errorf("%q: %v", words, err)
	}
	if err := c.ValidateRequiredFlags(); err != nil {
		t.Errorf("%q: %v", words, err)
	}
	if err := c.ValidateFlagGroups(); err != nil {
		t.Errorf("%q: %v", words, err)
	}
}

// TestNewStudiesRead: what `study new` prints for each analysis is a study file.
func TestNewStudiesRead(t *testing.T) {
	for _, an := range standard.Catalog().Analyses {
		name := an.About().Name
		var out, errs strings.Builder
		if code := Run(t.Context(), standard.Catalog(), []string{"study", "new", name}, strings.NewReader(""), &out, &errs); code != exitOK {
			t.Errorf("%s: exit code %d: %s", name, code, errs.String())
			continue
		}
		s, err := study.Parse(name+".yaml", []byte(out.String()))
		if err != nil {
			t.Error(err)
		} else if len(s.Analyses) != 1 || s.Analyses[0].Analysis != name {
			t.Errorf("%s: the file has %v", name, s.Analyses)
		}
	}
}
