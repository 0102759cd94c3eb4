package member

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/law/policy"
	"hmsp.center/hmsp/manifest"
)

// PolicyFile is the name of a site's policy in its home. No message brings one:
// whoever may write the folder puts it there.
const PolicyFile = "policy.cedar"

// ReadPolicy reads the policy in force at a site. Where there is none, errors.Is
// says fs.ErrNotExist: nothing takes its place, since a policy that was lost must
// not be followed by a milder one.
func ReadPolicy(home string) (*policy.Policy, error) {
	path := filepath.Join(home, PolicyFile)
	text, err := PolicyText(home)
	if err != nil {
		return nil, err
	}
	p, err := policy.Parse(path, text)
	if err != nil {
		return nil, fmt.Errorf("the policy in force cannot be read, and nothing is permitted until it is mended:\n%w", err)
	}
	return p, nil
}

// PolicyText is the file of the policy in force at a site.
func PolicyText(home string) ([]byte, error) {
	path := filepath.Join(home, PolicyFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no %s, and without a policy nothing is permitted: put one in force with `hmsp policy set --default --home %s`: %w", home, PolicyFile, home, fs.ErrNotExist)
	}
	return manifest.ReadFile(path, "the site's policy")
}

// SetPolicy puts a policy in force at a site: the next decision is by it, also of a
// site that runs. One under which the account that sets it could set no other is
// refused.
func SetPolicy(home, account, path string, text []byte) error {
	p, err := policy.Parse(path, text)
	if err != nil {
		return err
	}
	roles, err := RolesOf(home, account)
	if err != nil {
		return err
	}
	if d := p.Command(account, roles, policy.Decide); !d.Allowed() {
		return fmt.Errorf("%s: under this policy you could set no other, since it does not permit %s to decide (%s)", path, account, d)
	}
	return atomicfile.Write(filepath.Join(home, PolicyFile), text, 0o600)
}

// MayReplacePolicy is Allowed for policy.Decide; where the policy in force is lost or
// cannot be read, a steward may, and the account that owns the home.
func MayReplacePolicy(home, account string) error {
	err := Allowed(home, account, policy.Decide)
	if f := (*Forbidden)(nil); err == nil || errors.As(err, &f) {
		return err
	}
	if _, broken := ReadPolicy(home); broken == nil {
		return err // of the roles
	}
	roles, bad := RolesOf(home, account)
	if bad == nil && (slices.Contains(roles, "steward") || owns(home) && account == processAccount()) {
		return nil
	}
	return err
}
