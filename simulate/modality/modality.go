// Package modality writes what else is known of simulated people beside their clinical
// records, in the formats of laboratories and devices: genomes, a microbiome, a watch,
// an image of the head, and letters; and beside them what is true of it.
//
// It serves simulate. What is made of a person depends on that person alone.
package modality

import (
	"hmsp.center/hmsp/simulate/genome"
	"hmsp.center/hmsp/simulate/microbiome"
	"hmsp.center/hmsp/simulate/note"
	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
	"hmsp.center/hmsp/simulate/volume"
	"hmsp.center/hmsp/simulate/wearable"
	"hmsp.center/hmsp/table"
)

// The names of the formats.
const (
	VCF    = "vcf"
	BED    = "bed"
	BIOM   = "biom"
	FIT    = "fit"
	Fitbit = "fitbit"
	DICOM  = "dicom"
	NIfTI  = "nifti"
	Text   = "text"
)

// Names lists the formats in the order in which they are written.
func Names() []string { return []string{VCF, BED, BIOM, FIT, Fitbit, DICOM, NIfTI, Text} }

// What is taken of people.
const (
	Wearing    = 0.5 // chance of a watch
	WatchDays  = 7   // worn from the first midnight
	watchAfter = 14  // days after the entry
)

// A Subject is a person and what was taken of them, made when it is first asked for. It
// is valid as long as its record.
type Subject struct {
	*record.Record
	community *microbiome.Community

	minutes *wearable.Minutes
	taxa    *microbiome.Taxa
	head    *volume.Volume
	letter  *note.Note
	drawn   bool
	stool   int64
	watch   int64
}

// NewSubject is the person of a record.
func NewSubject(r *record.Record, c *microbiome.Community) *Subject {
	return &Subject{Record: r, community: c}
}

// when draws when what was taken.
func (s *Subject) when() {
	if s.drawn {
		return
	}
	s.drawn = true
	p := s.Person
	draw := p.Key.Stream("modalities")
	days := int64(p.Exit-p.Entry) / table.Day
	s.stool = p.Entry + min(int64(draw.Uniform()*float64(days)), max(days-1, 0))*table.Day + 8*3600 + 60*int64(draw.Below(120))
	s.watch = table.NoTime
	if worn := draw.Chance(Wearing) || p.Complete; worn && days > watchAfter+WatchDays {
		s.watch = p.Entry + watchAfter*table.Day
	}
}

// StoolTime is when stool was taken: of everybody, on some day of their records.
func (s *Subject) StoolTime() int64 {
	s.when()
	return s.stool
}

// WatchStart is the midnight from which a watch was worn; table.NoTime for those without
// one.
func (s *Subject) WatchStart() int64 {
	s.when()
	return s.watch
}

// Minutes is what the watch saw; nil for those without one.
func (s *Subject) Minutes() *wearable.Minutes {
	if s.minutes == nil && s.WatchStart() != table.NoTime {
		m := wearable.Record(s.Person, s.WatchStart(), WatchDays)
		s.minutes = &m
	}
	return s.minutes
}

// Taxa are the counts of the stool.
func (s *Subject) Taxa() *microbiome.Taxa {
	if s.taxa == nil {
		t := s.community.Sample(s.Person, s.StoolTime())
		s.taxa = &t
	}
	return s.taxa
}

// HeadImage is the study of the head that the records have; nil for those without one.
func (s *Subject) HeadImage() *record.Image {
	for i := range s.Images {
		if s.Images[i].Head {
			return &s.Images[i]
		}
	}
	return nil
}

// Head is the image; nil for those without one.
func (s *Subject) Head() *volume.Volume {
	if s.head == nil && s.HeadImage() != nil {
		v := volume.Head(s.Person)
		s.head = &v
	}
	return s.head
}

// Letter is the letter about the last visit. Sites with national codes write German,
// those with international ones English, and the others either.
func (s *Subject) Letter() *note.Note {
	if s.letter == nil {
		language := note.German
		switch s.Site.Coding {
		case record.International:
			language = note.English
		case record.Both:
			if s.Person.Key.Stream("language of the letter").Chance(0.5) {
				language = note.English
			}
		}
		n := note.Write(s.Record, language)
		s.letter = &n
	}
	return s.letter
}

// LetterTime is the day of the letter.
func (s *Subject) LetterTime() int64 {
	if n := len(s.Visits); n > 0 {
		return s.Visits[n-1].Start
	}
	return s.Person.Entry
}

// Carrier is what the genome of the person depends on.
func (s *Subject) Carrier() genome.Carrier {
	return genome.Carrier{Key: s.Person.Key, Male: s.Person.IsMale(), Ancestry: s.Person.Ancestry}
}

// flag is 1 where a disease or drug was there at a time.
func flag(p *person.Person, v person.Variable, at int64) int {
	if p.At(v, at) {
		return 1
	}
	return 0
}
