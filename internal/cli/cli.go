// Package cli is the command line: one file per command. It turns what a person
// types into calls of the roles, and what went wrong into one clear sentence
// and an exit code.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/spelling"
)

// Exit codes, as documented in docs/commands.md.
const (
	exitOK       = 0 // done
	exitFailed   = 1 // something went wrong on the way: network, disk, another process
	exitInput    = 2 // what was typed or written in a file is not right
	exitRefused  = 3 // a rule does not permit it: the charter's, a site's
	exitNoResult = 4 // the study ended without a result
)

// coded is an error with the exit code that it should give.
type coded struct {
	error
	code int
}

func (c coded) Unwrap() error { return c.error }

func input(err error) error {
	if err == nil {
		return nil
	}
	return coded{err, exitInput}
}

func inputf(format string, args ...any) error { return coded{fmt.Errorf(format, args...), exitInput} }

// An app is what every command works with.
type app struct {
	catalog  catalog.Catalog
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
}

// Run runs the command line given by args and returns the exit code.
func Run(ctx context.Context, c catalog.Catalog, args []string, in io.Reader, out, errOut io.Writer) int {
	a := &app{catalog: c, in: in, out: out, err: errOut, now: time.Now}
	return a.run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := usage(root.ExecuteContext(ctx))
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return exitOK // stopped by Ctrl-C, as intended
	}
	if errors.Is(err, syscall.ENOSPC) && !strings.Contains(err.Error(), "free some space") {
		err = fmt.Errorf("%w: free some space and start again; what was kept before is not lost", err)
	}
	fmt.Fprintf(a.err, "hmsp: %v\n", err)
	if c := (coded{}); errors.As(err, &c) {
		return c.code
	}
	return exitFailed
}

// usage gives cobra's own errors over flags the code of bad input; they have no
// type to tell them by.
func usage(err error) error {
	if err != nil && (strings.HasPrefix(err.Error(), "required flag") || strings.HasPrefix(err.Error(), "if any flags in the group")) {
		return input(err)
	}
	return err
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "hmsp",
		Short: "Analyse medical data together; every site keeps its patients",
		Long: `hmsp lets research centres analyse medical data together without anyone handing
over a patient. Sites keep their data; a signed study travels to them; only the
sum over sites is ever opened.

Start with:   hmsp demo
Try a study:  hmsp study run study.yaml --site a=a.csv --site b=b.csv --site c=c.csv --out result
Exit codes:   0 done, 1 failed on the way, 2 input not right, 3 not permitted, 4 study without a result`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		DisableAutoGenTag: true,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return inputf("%w\nsee `%s --help`", flagError(c, err), c.CommandPath())
	})
	for _, f := range []func(*app) *cobra.Command{demoCommand, studyCommand, siteCommand, datasetCommand, researcherCommand, charterCommand, hubCommand, consoleCommand, receiptCommand, policyCommand, ledgerCommand, auditCommand, consentCommand, benchCommand, simulateCommand, schemaCommand, versionCommand} {
		root.AddCommand(f(a))
	}
	for _, c := range root.Commands() {
		strictGroup(c)
	}
	root.Args, root.RunE = cobra.ArbitraryArgs, unknownCommand
	return root
}

// strictGroup makes a command that only holds others refuse a word that names
// none of them, with a suggestion, instead of printing help with exit code 0.
func strictGroup(c *cobra.Command) {
	if c.HasSubCommands() && c.RunE == nil {
		c.Args, c.RunE = cobra.ArbitraryArgs, unknownCommand
	}
}

func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	var names []string
	for _, s := range c.Commands() {
		names = append(names, s.Name())
	}
	return inputf("unknown command %q for %q%s\nsee `%s --help`", args[0], c.CommandPath(), spelling.Suggest(args[0], names), c.CommandPath())
}

// flagError adds a suggestion to cobra's error of an unknown flag.
func flagError(c *cobra.Command, err error) error {
	_, name, ok := strings.Cut(err.Error(), "unknown flag: --")
	if !ok {
		return err
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return fmt.Errorf("%w%s", err, spelling.Suggest(name, names))
}

// exactArgs asks for the arguments that the usage line names.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return inputf("%s takes %s, got %d arguments\nexample:\n%s", c.CommandPath(), strings.Join(names, " and "), len(args), c.Example)
		}
		return nil
	}
}

// atLeastArgs is exactArgs for a command whose last argument may be repeated.
func atLeastArgs(n int, names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < n {
			return inputf("%s takes %s, got %d arguments\nexample:\n%s", c.CommandPath(), strings.Join(names, " and "), len(args), c.Example)
		}
		return nil
	}
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return inputf("%s takes flags only, got %q\nexample:\n%s", c.CommandPath(), args[0], c.Example)
	}
	return nil
}

// homeFlag adds --home, whose default is HMSP_HOME or the present folder.
func homeFlag(c *cobra.Command, home *string) {
	def := os.Getenv("HMSP_HOME")
	if def == "" {
		def = "."
	}
	c.Flags().StringVar(home, "home", def, "folder with the keys and state of this member (default HMSP_HOME or the present folder)")
	_ = c.MarkFlagDirname("home")
}

// untilEOF adds the hidden flag --until-eof of a server that another process
// started: it ends when its input does, and so with that process.
func (a *app) untilEOF(c *cobra.Command) {
	var on bool
	c.Flags().BoolVar(&on, "until-eof", false, "end when the standard input ends")
	_ = c.Flags().MarkHidden("until-eof")
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if on {
			ctx, cancel := context.WithCancel(c.Context())
			defer cancel()
			go func() { _, _ = io.Copy(io.Discard, a.in); cancel() }()
			c.SetContext(ctx)
		}
		return run(c, args)
	}
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }
