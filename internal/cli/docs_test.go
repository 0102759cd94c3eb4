package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hmsp.center/hmsp/catalog/standard"
)

var updateDocs = flag.Bool("update-docs", false, "rewrite docs/commands.md")

// TestCommandsPage: docs/commands.md is what the commands say of themselves.
func TestCommandsPage(t *testing.T) {
	t.Setenv("HMSP_HOME", "")
	a := &app{catalog: standard.Catalog(), now: time.Now}
	root := a.root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Commands

Every command of hmsp with its flags and an example. This page is written from the commands themselves
(%s); `+"`hmsp COMMAND --help`"+` says the same.

## Exit codes

| code | meaning |
|---|---|
| %d | done, or stopped by Ctrl-C |
| %d | something went wrong on the way: network, disk, another process |
| %d | what was typed, or what stands in a file, is not right |
| %d | a rule does not permit it: the charter's or a site's |
| %d | the study ended without a result, or has none yet |

## Environment

| variable | meaning |
|---|---|
| HMSP_HOME | the default of --home |
| HTTPS_PROXY, NO_PROXY | the proxy to the hub, unless member.yaml names one |
| SSL_CERT_FILE, SSL_CERT_DIR | root certificates in place of the system's, for a hub whose certificate is another authority's |
| COLUMNS | the width that tables are printed for, 100 by default |

`, "`go test ./internal/cli -run TestCommandsPage -update-docs`", exitOK, exitFailed, exitInput, exitRefused, exitNoResult)
	writeCommands(&b, root)
	path := filepath.Join("..", "..", "docs", "commands.md")
	if *updateDocs {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, b.Bytes()) {
		t.Error("docs/commands.md differs from the commands: run `go test ./internal/cli -run TestCommandsPage -update-docs` and look at the difference")
	}
}

func writeCommands(b *bytes.Buffer, c *cobra.Command) {
	for _, s := range c.Commands() {
		if !s.IsAvailableCommand() || s.Name() == "help" || s.Parent().Name() == "completion" {
			continue
		}
		writeCommand(b, s)
		writeCommands(b, s)
	}
}

func writeCommand(b *bytes.Buffer, c *cobra.Command) {
	level := strings.Repeat("#", 1+strings.Count(c.CommandPath(), " "))
	fmt.Fprintf(b, "%s %s\n\n%s.\n\n", level, c.CommandPath(), strings.TrimSuffix(c.Short, "."))
	if long := strings.TrimSpace(c.Long); long != "" && c.Name() != "completion" {
		fmt.Fprintf(b, "%s\n\n", long)
	}
	if c.HasAvailableSubCommands() && c.Name() != "completion" {
		return
	}
	fmt.Fprintf(b, "```text\n%s\n```\n\n", c.UseLine())
	rows := 0
	c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Hidden {
			return
		}
		if rows++; rows == 1 {
			b.WriteString("| flag | meaning |\n|---|---|\n")
		}
		kind, usage := pflag.UnquoteUsage(f)
		if strings.Contains(kind, " ") { // a command in back quotes, not the name of a value
			kind, usage = f.Value.Type(), f.Usage
		}
		name := strings.TrimSpace("--" + f.Name + " " + kind)
		if required := f.Annotations[cobra.BashCompOneRequiredFlag]; len(required) > 0 {
			usage += " (required)"
		}
		if d := f.DefValue; d != "" && d != "false" && d != "[]" && f.Name != "home" {
			usage += " (default " + d + ")"
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", name, strings.ReplaceAll(usage, "|", `\|`))
	})
	if rows > 0 {
		b.WriteString("\n")
	}
	if c.Example != "" {
		fmt.Fprintf(b, "```sh\n%s\n```\n\n", strings.ReplaceAll(strings.TrimPrefix(c.Example, "  "), "\n  ", "\n"))
	}
}
