package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// checkNames: a package is named for the thing it holds, and as its folder.
func checkNames(t *Tree) []Finding {
	empty := []string{"util", "utils", "common", "helper", "helpers", "base", "misc", "lib", "shared", "types", "core"}
	var out []Finding
	for _, p := range t.sorted() {
		name, want := p.Files[0].AST.Name.Name, path.Base(p.Path)
		switch {
		case slices.Contains(empty, name) || slices.Contains(empty, want):
			out = append(out, Finding{"names", p.Path, "is named for nothing that it holds; name the thing"})
		case p.Path == ".":
			want = path.Base(Module)
		case within(p.Path, "cmd"):
			want = "main"
		}
		if name != want {
			out = append(out, Finding{"names", p.Path, fmt.Sprintf("holds package %s, want %s as its folder says", name, want)})
		}
	}
	return out
}

// checkDocs: every package opens with what it is.
func checkDocs(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.sorted() {
		name, begins := p.Files[0].AST.Name.Name, "Package "+p.Files[0].AST.Name.Name+" "
		if name == "main" {
			begins = "Command " + path.Base(p.Path) + " "
		}
		documented := slices.ContainsFunc(p.Files, func(f *File) bool {
			return f.AST.Doc != nil && strings.HasPrefix(strings.Join(strings.Fields(f.AST.Doc.Text()), " "), begins)
		})
		if !documented {
			out = append(out, Finding{"docs", p.Path, fmt.Sprintf("has no package comment that begins with %q", begins)})
		}
	}
	return out
}

// checkInit: nothing happens before main; no registration.
func checkInit(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.sorted() {
		for _, f := range p.Files {
			for _, d := range f.AST.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "init" && fn.Recv == nil {
					out = append(out, Finding{"init", t.at(fn.Pos()), "func init: hand the value down from main"})
				}
			}
		}
	}
	return out
}

// checkVars: no package-level state. A variable is allowed for an error, a
// compiled regular expression, an array, an embedded file or an interface
// assertion, and where constants() lists it with its reason. No function writes
// to any of them.
func checkVars(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.sorted() {
		names := map[string]bool{}
		for _, f := range p.Files {
			for _, v := range packageVars(f.AST) {
				for i, name := range v.Names {
					names[name.Name] = name.Name != "_"
					if name.Name == "_" || embedded(v) || i < len(v.Values) && fixedValue(v.Values[i]) || constants()[p.Path+"."+name.Name] != "" {
						continue
					}
					out = append(out, Finding{"vars", t.at(name.Pos()), fmt.Sprintf("var %s is package-level state; make it a constant, an array, a function that returns it, or a field, or list it in internal/arch/constants.go with the reason", name.Name)})
				}
			}
		}
		out = append(out, t.written(p, names)...)
	}
	return out
}

// packageVars are the variables of a file outside its functions, each with the
// comment of its declaration.
func packageVars(f *ast.File) (out []*ast.ValueSpec) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			v := *s.(*ast.ValueSpec) // of a var declaration, by the grammar
			if v.Doc == nil {
				v.Doc = g.Doc
			}
			out = append(out, &v)
		}
	}
	return out
}

// written finds assignments to package-level variables and their elements. A
// local variable of the same name would be found too: rename it.
func (t *Tree) written(p *Package, names map[string]bool) (out []Finding) {
	report := func(e ast.Expr) {
		if id := rootOf(e); id != nil && names[id.Name] {
			out = append(out, Finding{"vars", t.at(e.Pos()), fmt.Sprintf("%s is written to: package-level variables are constants in all but name", id.Name)})
		}
	}
	for _, f := range p.Files {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, e := range n.Lhs {
						report(e)
					}
				}
			case *ast.IncDecStmt:
				report(n.X)
			case *ast.CallExpr:
				if fn, ok := n.Fun.(*ast.Ident); ok && (fn.Name == "delete" || fn.Name == "clear" || fn.Name == "copy") && len(n.Args) > 0 {
					report(n.Args[0])
				}
			}
			return true
		})
	}
	return out
}

// rootOf is the variable that an expression takes an element of.
func rootOf(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		default:
			return nil
		}
	}
}

func embedded(v *ast.ValueSpec) bool {
	return v.Doc != nil && slices.ContainsFunc(v.Doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// fixedValue says whether an expression makes an error or a compiled regular
// expression, or is an array.
func fixedValue(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit:
		a, ok := e.Type.(*ast.ArrayType)
		return ok && a.Len != nil
	case *ast.CallExpr:
		sel, ok := e.Fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		pkg, ok := sel.X.(*ast.Ident)
		return ok && slices.Contains([]string{"errors.New", "fmt.Errorf", "regexp.MustCompile"}, pkg.Name+"."+sel.Sel.Name)
	}
	return false
}

// checkClock: below the roles a clock is passed in, but for support of tests,
// which has none to pass.
func checkClock(t *Tree) []Finding {
	limit := slices.IndexFunc(floors(), func(f floor) bool { return f.name == roles })
	var out []Finding
	for _, p := range t.sorted() {
		if n := floorOf(p.Path); n < 0 || n >= limit || within(p.Path, testSupport()...) {
			continue
		}
		for _, f := range p.Files {
			for _, use := range timeUses(f.AST) {
				if clocks()[p.Path+" "+use.Sel.Name] == "" {
					out = append(out, Finding{"clock", t.at(use.Pos()), fmt.Sprintf("time.%s below the roles: pass the clock in", use.Sel.Name)})
				}
			}
		}
	}
	return out
}

// timeUses are where a file reads the clock or waits for it.
func timeUses(f *ast.File) (out []*ast.SelectorExpr) {
	reads := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	name := imported(f, "time")
	if name == "" {
		return nil
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains(reads, sel.Sel.Name) {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == name {
				out = append(out, sel)
			}
		}
		return true
	})
	return out
}

// imported is the name by which a file knows a package, "" if it does not.
func imported(f *ast.File, path string) string {
	for _, i := range f.Imports {
		if p, err := strconv.Unquote(i.Path.Value); err != nil || p != path {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return path
	}
	return ""
}
