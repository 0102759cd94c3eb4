package simulate

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"hmsp.center/hmsp/simulate/modality"
)

// owned are the chosen formats in which people have files of their own.
func (o Options) owned() []string {
	return slices.DeleteFunc(slices.Clone(o.Formats), func(name string) bool {
		_, ok := modality.Own(name)
		return !ok
	})
}

// own writes the files of one person in a format.
func (w *siteWriter) own(format string, s *modality.Subject, c *counts) error {
	write, _ := modality.Own(format)
	dir := filepath.Join(w.dir, w.site.Name, format)
	return write(s, func(path string, write func(io.Writer) error) error {
		c.files[format]++
		return create(filepath.Join(dir, filepath.FromSlash(path)), write)
	})
}

// create makes a file that is not there yet, with the folders above it, and makes it
// durable. It stands below a folder that is renamed when everything is written.
func create(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("simulate: make a folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("simulate: make a file: %w", err)
	}
	b := bufio.NewWriterSize(f, 1<<16)
	if err := errors.Join(write(b), b.Flush()); err != nil {
		return errors.Join(fmt.Errorf("simulate: write: %w", err), f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}

// whole writes the files of a site that are not written person after person, and the
// mappings beside the folders of its formats.
func (o Options) whole(ctx context.Context, w *siteWriter) error {
	if err := o.genotypes(ctx, w); err != nil {
		return err
	}
	for name, text := range o.mappings(w.site.Name) {
		err := create(filepath.Join(w.dir, w.site.Name, name), func(out io.Writer) error {
			_, err := io.WriteString(out, text)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// genotypes writes VCF and bed, of genomes that are drawn once for both.
func (o Options) genotypes(ctx context.Context, w *siteWriter) error {
	if !w.genomes {
		return nil
	}
	samples := modality.Samples(w.site.Name, w.carriers)
	place := func(format, extension string) string {
		return filepath.Join(w.dir, w.site.Name, format, w.site.Name+extension)
	}
	var files []modality.Genotypes
	draw := func() error {
		err := modality.WriteGenomes(ctx, w.population.Panel, w.carriers, files)
		for _, f := range files {
			err = errors.Join(err, f.Close())
		}
		return err
	}
	begin := draw
	if o.writes(modality.BED) {
		next := begin
		begin = func() error {
			return create(place(modality.BED, ".bed"), func(calls io.Writer) error {
				return create(place(modality.BED, ".bim"), func(variants io.Writer) error {
					return create(place(modality.BED, ".fam"), func(people io.Writer) error {
						f, err := modality.NewBED(calls, variants, people, samples)
						if err != nil {
							return err
						}
						files = append(files, f)
						return next()
					})
				})
			})
		}
	}
	if o.writes(modality.VCF) {
		next := begin
		begin = func() error {
			var f modality.VCFFile
			err := create(place(modality.VCF, ".vcf.gz"), func(out io.Writer) (err error) {
				if f, err = modality.NewVCF(out, samples); err != nil {
					return err
				}
				files = append(files, f)
				return next()
			})
			if err != nil {
				return err
			}
			return create(place(modality.VCF, ".vcf.gz.tbi"), f.Index)
		}
	}
	return begin()
}
