package site

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/dp/ledger"
)

// alone refuses a source that is registered under another name, or a part of it, unless
// both are on one account: the same patients would have two budgets, and two histories.
func (r Registry) alone(d dataset.Dataset) error {
	names, err := r.List()
	if err != nil {
		return err
	}
	limits, err := ledger.ReadLimits(r.Home)
	if err != nil {
		return err
	}
	for _, name := range names {
		other, err := r.Get(name)
		if name == d.Name || limits.Account(name) == limits.Account(d.Name) || err != nil {
			continue
		}
		if within(d.Path, other.Path) || within(other.Path, d.Path) {
			return fmt.Errorf("dataset %s: %s is registered as %q already, and its patients have one budget and one history, also under another name: say in %s that the two spend together (datasets: {%s: {with: %s}})", d.Name, d.Path, name, ledger.File, d.Name, name)
		}
	}
	return nil
}

// within says whether a source is another, or lies in it. What is wrong with a path is
// said better by who reads it.
func within(path, other string) bool {
	if dataset.Live(path) || dataset.Live(other) {
		return dataset.Live(path) && dataset.Live(other) && database(path) == database(other)
	}
	folder, err := os.Stat(other)
	if err != nil {
		return false
	}
	path, err = filepath.EvalSymlinks(path)
	for err == nil {
		info, gone := os.Stat(path)
		if gone != nil {
			return false
		}
		if os.SameFile(info, folder) {
			return true
		}
		if up := filepath.Dir(path); up != path && folder.IsDir() {
			path = up
			continue
		}
		return false
	}
	return false
}

// database names the data at an address, whoever reads them and however.
func database(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	host := strings.ToLower(cmp.Or(q.Get("host"), u.Hostname(), "localhost"))
	if host == "127.0.0.1" || host == "::1" || strings.HasPrefix(host, "/") {
		host = "localhost"
	}
	return strings.Join([]string{q.Get("service"), host, cmp.Or(q.Get("port"), u.Port(), "5432"), strings.Trim(u.Path, "/"), cmp.Or(q.Get("schema"), "public")}, "\x00")
}
