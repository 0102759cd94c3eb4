package genomes

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// parts are the files of a source, all of the same samples in the same order.
type parts struct {
	source Source
	path   string
	files  []string
	info   genotype.Info // of all of them
}

// headBytes is how much of a file of a folder is sniffed.
const headBytes = 64 << 10

// SniffFolder opens the first files: all that the source knows must be of one kind.
func (f Format) SniffFolder(path string, names []string) int {
	best := 0
	for i, name := range names {
		if i == 64 || strings.Contains(name, "/") {
			break
		}
		best = max(best, f.sniffFile(filepath.Join(path, name)))
	}
	return best
}

func (f Format) sniffFile(path string) int {
	file, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer file.Close()
	head := make([]byte, headBytes)
	n, err := io.ReadFull(file, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return 0
	}
	return f.Source.Sniff(head[:n], path)
}

// open reads what a source says of itself.
func (f Format) open(ctx context.Context, path string) (*parts, error) {
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if files, err = f.folder(path); err != nil {
			return nil, err
		}
	}
	p := &parts{source: f.Source, path: path, files: files}
	for i, file := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		info, err := f.Source.Info(ctx, file)
		if err == nil {
			err = distinct(file, &info)
		}
		if err != nil {
			return nil, err
		}
		if i == 0 {
			p.info = info
			continue
		}
		if err := p.add(file, info); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// folder lists the files of a folder that the source knows.
func (f Format) folder(path string) ([]string, error) {
	names, err := format.Files(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, name := range names {
		if full := filepath.Join(path, name); !strings.Contains(name, "/") && f.sniffFile(full) >= 50 {
			files = append(files, full)
		}
	}
	if len(files) == 0 {
		return nil, &format.Error{File: path, Text: fmt.Sprintf("this is a directory, and no file in it is %s", f.Name()), Mend: "name a data file"}
	}
	return files, nil
}

// add takes one more file in, which must be of the same samples.
func (p *parts) add(file string, info genotype.Info) error {
	if len(info.Samples) != len(p.info.Samples) {
		return &format.Error{File: file, Text: fmt.Sprintf("this file has %d samples, and %s has %d", len(info.Samples), filepath.Base(p.files[0]), len(p.info.Samples)),
			Mend: "the files of a folder must be of the same people"}
	}
	for i, s := range info.Samples {
		if s.ID != p.info.Samples[i].ID {
			return &format.Error{File: file, Row: i + 1, Text: fmt.Sprintf("the samples are not those of %s in the same order", filepath.Base(p.files[0])),
				Mend: "write the files of a folder with the same people in the same order"}
		}
		if p.info.Samples[i].Sex == genotype.Unknown {
			p.info.Samples[i].Sex = s.Sex
		}
	}
	if info.Build != p.info.Build {
		return &format.Error{File: file, Text: fmt.Sprintf("the build of this file is not that of %s", filepath.Base(p.files[0])), Mend: "lift all files of a folder over to one build"}
	}
	if p.info.Variants >= 0 && info.Variants >= 0 {
		p.info.Variants += info.Variants
	} else {
		p.info.Variants = -1
	}
	p.info.ReferenceKnown = p.info.ReferenceKnown && info.ReferenceKnown
	p.info.Dosages = p.info.Dosages || info.Dosages
	return nil
}

// each reads variants of all files, one after the other.
func (p *parts) each(ctx context.Context, o genotype.Options, use func(*genotype.Variant, *genotype.Calls)) error {
	var v genotype.Variant
	var c genotype.Calls
	for _, file := range p.files {
		r, err := p.source.Open(ctx, file, o)
		if err != nil {
			return err
		}
		for n := 0; err == nil; n++ {
			if n%256 == 0 && ctx.Err() != nil {
				err = ctx.Err()
			} else if err = r.Next(&v, &c); err == nil {
				use(&v, &c)
			}
		}
		if closed := r.Close(); err == io.EOF {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// find looks for variants. Where none is found in its place, those that have a name are
// looked for everywhere: the file may be of another build than it says.
func (p *parts) find(ctx context.Context, wanted []genotype.Wanted) ([]genotype.Match, []string, error) {
	h := genotype.NewHarmoniser(wanted, p.info)
	regions := h.Regions()
	matches, notes, err := p.look(ctx, h, regions)
	if err != nil || regions == nil {
		return matches, notes, err
	}
	named := false
	for i, m := range matches {
		if m.Found {
			return matches, notes, nil
		}
		named = named || len(wanted[i].IDs) > 0
	}
	if !named {
		return matches, notes, nil
	}
	return p.look(ctx, genotype.NewHarmoniser(wanted, p.info), nil)
}

func (p *parts) look(ctx context.Context, h *genotype.Harmoniser, regions []genotype.Region) ([]genotype.Match, []string, error) {
	err := p.each(ctx, genotype.Options{Keep: h.Keep, Regions: regions}, func(v *genotype.Variant, c *genotype.Calls) { h.Add(*v) })
	if err != nil {
		return nil, nil, err
	}
	matches, notes := h.Matches()
	return matches, notes, nil
}
