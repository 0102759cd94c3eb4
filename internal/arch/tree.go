package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Module is the module's path.
const Module = "hmsp.center/hmsp"

// A Tree is the parsed source of the module.
type Tree struct {
	Files    *token.FileSet
	Packages map[string]*Package // by path below the module; "." is its root
}

// A Package is the files of one folder.
type Package struct {
	Path  string
	Files []*File // of the product
	Tests []*File // *_test.go
}

// A File is one parsed source file.
type File struct {
	Name string // path below the module
	AST  *ast.File
}

// Read parses every Go file below root. Folders named testdata or vendor, and
// those that begin with . or _, are left out as the go command leaves them out.
func Read(root fs.FS) (*Tree, error) {
	t := &Tree{Files: token.NewFileSet(), Packages: map[string]*Package{}}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			if name != "." && (base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || base[0] == '.' || base[0] == '_' {
			return nil
		}
		return t.add(root, name)
	})
	return t, err
}

func (t *Tree) add(root fs.FS, name string) error {
	src, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	parsed, err := parser.ParseFile(t.Files, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	p := t.Packages[path.Dir(name)]
	if p == nil {
		p = &Package{Path: path.Dir(name)}
		t.Packages[p.Path] = p
	}
	f := &File{Name: name, AST: parsed}
	if strings.HasSuffix(name, "_test.go") {
		p.Tests = append(p.Tests, f)
	} else {
		p.Files = append(p.Files, f)
	}
	return nil
}

// sorted are the packages with product code, by path.
func (t *Tree) sorted() []*Package {
	var out []*Package
	for _, path := range slices.Sorted(maps.Keys(t.Packages)) {
		if p := t.Packages[path]; len(p.Files) > 0 {
			out = append(out, p)
		}
	}
	return out
}

func (t *Tree) at(pos token.Pos) string {
	p := t.Files.Position(pos)
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// An Import is one line of a file.
type Import struct {
	Path  string // below the module where Ours, else as written
	Ours  bool
	Where token.Pos
}

func imports(files []*File) []Import {
	var out []Import
	for _, f := range files {
		for _, spec := range f.AST.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // the parser accepts only string literals
			}
			i := Import{Path: p, Where: spec.Pos()}
			if p == Module {
				i.Path, i.Ours = ".", true
			} else if below, ok := strings.CutPrefix(p, Module+"/"); ok {
				i.Path, i.Ours = below, true
			}
			out = append(out, i)
		}
	}
	return out
}

// standard says whether an import is of the standard library.
func (i Import) standard() bool {
	first, _, _ := strings.Cut(i.Path, "/")
	return !i.Ours && !strings.Contains(first, ".")
}

// reach lists every package of the module that p reaches, itself first, with the
// chain of imports that leads there.
func (t *Tree) reach(p *Package) map[string][]string {
	chains := map[string][]string{p.Path: {p.Path}}
	queue := []string{p.Path}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if t.Packages[at] == nil {
			continue
		}
		for _, i := range imports(t.Packages[at].Files) {
			if i.Ours && chains[i.Path] == nil {
				chains[i.Path] = append(slices.Clone(chains[at]), i.Path)
				queue = append(queue, i.Path)
			}
		}
	}
	return chains
}
