package member

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/law"
	"hmsp.center/hmsp/law/policy"
	"hmsp.center/hmsp/manifest"
)

// RolesFile is the name of the file of roles in a site's home.
const RolesFile = "roles.yaml"

// RolesVersion is the kind and version of the file of roles.
const RolesVersion = "roles/v1"

//go:embed roles.schema.json
var rolesSchema []byte

// RolesJSONSchema is the published JSON Schema of roles.yaml.
func RolesJSONSchema() []byte { return rolesSchema }

// Roles is the file of roles: by account of the operating system.
type Roles struct {
	Hmsp     string              `json:"hmsp"`
	Accounts map[string][]string `json:"accounts"`
}

// readRoles reads a site's roles; ok is false where it has no such file.
func readRoles(home string) (r Roles, ok bool, err error) {
	path := filepath.Join(home, RolesFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	data, err := manifest.ReadFile(path, "the site's file of roles")
	if err != nil {
		return r, false, err
	}
	return r, true, manifest.Decode(path, data, rolesSchema, &r)
}

// Account is who asks something of a member's home: the account of the operating
// system. Where the home has a file of roles, and this process runs by sudo as the
// account that owns the home, it is the account that called sudo. That is how
// several people have parts at one site, whose keys one account alone may read.
// Nobody gains by naming another: who runs as the owner may write the home anyhow.
func Account(home string) string {
	name := processAccount()
	if caller := os.Getenv("SUDO_USER"); caller != "" && owns(home) {
		if _, err := os.Stat(filepath.Join(home, RolesFile)); err == nil {
			return caller
		}
	}
	return name
}

func processAccount() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprint(os.Getuid())
}

// RolesOf gives the roles of an account at a site. Without a file of roles, the
// account that owns the home is steward and administrator.
func RolesOf(home, account string) ([]string, error) {
	r, ok, err := readRoles(home)
	if err != nil || ok {
		return r.Accounts[account], err
	}
	if owns(home) && account == processAccount() {
		return []string{"steward", "administrator"}, nil
	}
	return nil, nil
}

// Forbidden says that an account may not do something at a site.
type Forbidden struct {
	Home, Account, Action string
	Roles                 []string
	Decision              law.Decision
}

func (e *Forbidden) Error() string {
	roles := "has no role here"
	if len(e.Roles) > 0 {
		roles = "is " + strings.Join(e.Roles, " and ") + " here"
	}
	var reasons []string
	for _, r := range e.Decision.Reasons {
		reasons = append(reasons, r.String())
	}
	return fmt.Sprintf("%s may not %s at this site: %s; this account %s: %s says which accounts may, or, without that file, the one that owns %s",
		e.Account, words(e.Action), strings.Join(reasons, "; "), roles, RolesFile, e.Home)
}

// words is an action as it follows "may not".
func words(action string) string {
	switch action {
	case policy.Read:
		return "read what was asked and done"
	case policy.Decide:
		return "decide"
	case policy.Configure:
		return "register data, join or sign charters"
	case policy.Serve:
		return "run the site"
	}
	return action
}

// Allowed says whether an account may do what the action names (policy.Read,
// policy.Decide, policy.Configure, policy.Serve) at the site with this home, by its
// policy and its roles. The error is a *Forbidden where the policy does not permit
// it. What it guards against is a mistake and a person without rights to the folder:
// who can write the folder by the operating system can do everything.
func Allowed(home, account, action string) error {
	roles, err := RolesOf(home, account)
	if err != nil {
		return err
	}
	p, err := ReadPolicy(home)
	if err != nil {
		return err
	}
	if d := p.Command(account, roles, action); !d.Allowed() {
		return &Forbidden{home, account, action, roles, d}
	}
	return nil
}
