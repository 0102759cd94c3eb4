package cli_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"hmsp.center/hmsp"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/internal/demo"
)

// TestMain lets scripts type `hmsp`: the test binary is the program then.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hmsp": func() { hmsp.Main(standard.Catalog()) }})
}

// TestScripts types what operators, stewards and researchers type. Each script
// has the lung trial in demo/ and a free port in $PORT, and these commands:
//
//	code N hmsp ...         the exit code is N
//	until PATTERN hmsp ...  again and again until the output matches
//	found SITE[:RULE]...    a hub, the sites, the researcher ruth, the charter
//	                        signed and joined, the lung data registered
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:      filepath.Join("testdata", "script"),
		Setup:    setup,
		Deadline: time.Now().Add(25 * time.Minute), // bounds a hang
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": exitCode, "until": until, "found": found, "fill": fill, "append": appendTo, "parquet": toParquet, "certificate": certificate, "tmpfs": tmpfs, "doctor": doctored,
		},
		Condition: func(what string) (bool, error) {
			if what == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, errors.New("unknown condition " + what)
		},
	})
}

func setup(env *testscript.Env) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	env.Setenv("PORT", port)
	return os.CopyFS(filepath.Join(env.WorkDir, "demo"), demo.Files)
}

// exitCode runs a command that must end with a given code.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if e := (*exec.ExitError)(nil); errors.As(err, &e) {
		got = e.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// patience bounds a wait for something that happens by itself; it is no
// measure of speed.
const patience = 5 * time.Minute

// until repeats a command until its output matches.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until pattern program args...")
	}
	re, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		ts.Exec(args[1], args[2:]...)
		if re.MatchString(ts.ReadFile("stdout") + ts.ReadFile("stderr")) {
			return
		}
	}
	ts.Fatalf("%q did not come", args[0])
}

// found founds a federation of the named sites with typed commands.
func found(ts *testscript.TestScript, neg bool, args []string) {
	hmsp := func(args ...string) { ts.Check(ts.Exec("hmsp", args...)) }
	hmsp("hub", "init", "hub", "--home", "hub", "--url", "https://127.0.0.1:"+ts.Getenv("PORT"))
	hmsp("charter", "init", "ncctg", "--hub", "hub/hub.member.yaml", "--dictionary", "demo/dictionary.yaml")
	hmsp("researcher", "init", "ruth")
	cards := []string{"charter", "add", "charter.yaml", "ruth/ruth.member.yaml"}
	var sites []string
	for _, a := range args {
		name, rule, ok := strings.Cut(a, ":")
		if !ok {
			rule = "approve"
		}
		hmsp("site", "init", name, "--decide", rule)
		sites = append(sites, name)
		cards = append(cards, name+"/"+name+".member.yaml")
	}
	hmsp(cards...)
	for _, s := range sites {
		hmsp("charter", "sign", "charter.yaml", "--home", s)
	}
	hmsp("researcher", "join", "--home", "ruth", "--charter", "charter.yaml")
	for _, s := range sites {
		hmsp("site", "join", "--home", s, "--charter", "charter.yaml")
		hmsp("dataset", "add", "demo/lung/"+s+".csv", "--name", "lung", "--home", s)
	}
}

// fill makes a file of N bytes: `fill FILE N TEXT` repeats the text.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Repeat(unquote(args[2]), n)), 0o600))
}

// appendTo adds text to a file: `append FILE TEXT`.
func appendTo(ts *testscript.TestScript, neg bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = f.WriteString(unquote(args[1]))
	ts.Check(errors.Join(err, f.Close()))
}

// unquote reads \n, \t and \xHH.
func unquote(s string) string {
	out, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
	if err != nil {
		return s
	}
	return out
}
