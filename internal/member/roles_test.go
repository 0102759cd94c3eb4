package member_test

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/law/policy"
)

// home is a fresh site's home, and the account that this test runs as.
func home(t *testing.T) (string, string) {
	t.Helper()
	t.Setenv("SUDO_USER", "")
	dir := filepath.Join(t.TempDir(), "north")
	if _, err := member.Init(dir, "north", identity.Site); err != nil {
		t.Fatal(err)
	}
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return dir, u.Username
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const roles = `hmsp: roles/v1
accounts:
  anna: [steward]
  olaf: [officer]
  adam: [administrator]
  rosa: [researcher]
  both: [officer, steward]
`

// An officer reads everything and decides nothing; each role may what the default
// policy says, and an account without a role nothing.
func TestAllowed(t *testing.T) {
	dir, self := home(t)
	write(t, filepath.Join(dir, member.RolesFile), roles)
	for account, may := range map[string]string{"anna": "rdc", "olaf": "r", "adam": "rcs", "rosa": "", "both": "r", "eve": "", self: ""} {
		for _, action := range policy.Actions() {
			err := member.Allowed(dir, account, action)
			if (err == nil) != strings.Contains(may, action[:1]) {
				t.Errorf("%s, %s: %v", account, action, err)
			}
			if f := (*member.Forbidden)(nil); err != nil && !errors.As(err, &f) {
				t.Errorf("%s, %s: %v is not Forbidden", account, action, err)
			}
		}
	}
	err := member.Allowed(dir, "olaf", policy.Decide)
	if err == nil || !strings.Contains(err.Error(), "olaf may not decide at this site: the data protection officer changes nothing (rule officer-changes-nothing)") {
		t.Error(err)
	}
}

// Without a file of roles the owner of the home is steward and administrator, and
// nobody else is anything.
func TestOwner(t *testing.T) {
	dir, self := home(t)
	for _, action := range policy.Actions() {
		if err := member.Allowed(dir, self, action); err != nil {
			t.Error(err)
		}
		if err := member.Allowed(dir, "eve", action); err == nil {
			t.Errorf("a stranger may %s", action)
		}
	}
}

// By sudo as the owner, the account that called counts, where roles are given.
func TestAccount(t *testing.T) {
	dir, self := home(t)
	t.Setenv("SUDO_USER", "olaf")
	if got := member.Account(dir); got != self {
		t.Errorf("without roles: %s", got)
	}
	write(t, filepath.Join(dir, member.RolesFile), roles)
	if got := member.Account(dir); got != "olaf" {
		t.Errorf("by sudo: %s", got)
	}
	if got := member.Account(filepath.Join(dir, "nowhere")); got != self {
		t.Errorf("of a home that is not the process's own: %s", got)
	}
	t.Setenv("SUDO_USER", "")
	if got := member.Account(dir); got != self {
		t.Errorf("without sudo: %s", got)
	}
}

func TestRolesRefused(t *testing.T) {
	dir, self := home(t)
	for text, says := range map[string]string{
		"hmsp: roles/v1\naccounts: {anna: [stuard]}\n":          "roles.yaml:2:",
		"hmsp: roles/v1\naccounts: {anna: []}\n":                "roles.yaml:2:",
		"hmsp: roles/v1\naccounts: {anna: steward}\n":           "roles.yaml:2:",
		"hmsp: roles/v1\naccounts: {}\n":                        "roles.yaml:2:",
		"hmsp: roles/v1\n":                                      "accounts",
		"hmsp: roles/v2\naccounts: {anna: [steward]}\n":         "roles/v1",
		"hmsp: roles/v1\naccounts: {anna: [steward]}\nowner: x": "owner",
		"": "",
	} {
		write(t, filepath.Join(dir, member.RolesFile), text)
		if err := member.Allowed(dir, self, policy.Read); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A policy is put in force whole and checked; none under which nobody could set
// another; and a lost or broken one permits nothing but to be replaced by the owner.
func TestSetPolicy(t *testing.T) {
	dir, self := home(t)
	file := filepath.Join(dir, member.PolicyFile)
	before, err := os.ReadFile(file)
	if err != nil || string(before) != string(policy.Default()) {
		t.Fatalf("a new site has not the default policy: %v", err)
	}
	if err := member.SetPolicy(dir, self, "my.cedar", []byte("permit (")); err == nil || !strings.HasPrefix(err.Error(), "my.cedar:1:") {
		t.Error(err)
	}
	if err := member.SetPolicy(dir, self, "my.cedar", []byte(`@id("a") permit (principal in Role::"officer", action == Action::"read", resource);`)); err == nil || !strings.Contains(err.Error(), "could set no other") {
		t.Error(err)
	}
	if now, _ := os.ReadFile(file); string(now) != string(before) {
		t.Error("a refused policy is in force")
	}
	mine := string(policy.Default()) + "// mine\n"
	if err := member.SetPolicy(dir, self, "my.cedar", []byte(mine)); err != nil {
		t.Fatal(err)
	}
	if now, err := member.PolicyText(dir); err != nil || string(now) != mine {
		t.Errorf("%v", err)
	}
	for what, change := range map[string]func(){
		"broken": func() { write(t, file, "permit (") },
		"lost":   func() { os.Remove(file) },
	} {
		change()
		if err := member.Allowed(dir, self, policy.Read); err == nil {
			t.Errorf("%s: allowed", what)
		}
		if err := member.MayReplacePolicy(dir, self); err != nil {
			t.Errorf("%s: the owner cannot mend it: %v", what, err)
		}
		if _, err := member.ReadPolicy(dir); err == nil || errors.Is(err, fs.ErrNotExist) != (what == "lost") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
