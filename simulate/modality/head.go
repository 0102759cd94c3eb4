package modality

import (
	"fmt"
	"io"

	"hmsp.center/hmsp/format/dicom"
	"hmsp.center/hmsp/format/nifti"
	"hmsp.center/hmsp/radiomics"
	"hmsp.center/hmsp/simulate/record"
	"hmsp.center/hmsp/simulate/volume"
)

// ownDICOM writes the image of the head as the series of the study that the records name,
// a file for each slice. The grid runs as the axes of DICOM do: to the left, to the back,
// to the top (PS3.3 section C.7.6.2.1.1).
func ownDICOM(s *Subject, put Put) error {
	v, study := s.Head(), s.HeadImage()
	if v == nil {
		return nil
	}
	p := s.Person
	sex := "female"
	if p.IsMale() {
		sex = "male"
	}
	scan := dicom.Scan{Patient: p.ID, Birth: string(record.AppendDate(nil, p.Birth)), Sex: sex, Modality: "MR", Study: study.UID, Series: study.UID + ".1",
		Description: "head, simulated", Time: study.Time, Image: Image(v), Origin: [3]float64{volume.Spacing / 2, volume.Spacing / 2, volume.Spacing / 2}}
	for k := range volume.Edge {
		err := put(fmt.Sprintf("%s/%04d.dcm", p.ID, k+1), func(w io.Writer) error { return dicom.Write(w, scan, k) })
		if err != nil {
			return err
		}
	}
	return nil
}

// ownNIfTI writes the image of the head as one file. The world of NIfTI has its axes to the
// right, to the front and to the top, against the grid's first two.
func ownNIfTI(s *Subject, put Put) error {
	v := s.Head()
	if v == nil {
		return nil
	}
	const mm, half = volume.Spacing, volume.Spacing / 2
	file := nifti.Volume{Image: Image(v), Gzip: true, Affine: [3][4]float64{{-mm, 0, 0, -half}, {0, -mm, 0, -half}, {0, 0, mm, half}}}
	return put(s.Person.ID+".nii.gz", func(w io.Writer) error { return nifti.Write(w, file) })
}

// Heads lists whose image each NIfTI file is and when it was taken, which the files do not
// say.
type Heads struct{}

// Name is "nifti".
func (Heads) Name() string { return NIfTI }

// Files is samples.csv.
func (Heads) Files() []string { return []string{"samples.csv"} }

// Head is its header.
func (Heads) Head() [][]byte { return [][]byte{[]byte("sample,patient,time\n")} }

// Append writes a line for somebody with an image.
func (Heads) Append(files [][]byte, s *Subject) {
	if study := s.HeadImage(); study != nil {
		files[0] = fmt.Appendf(files[0], "%s,%s,%s\n", s.Person.ID, s.Person.ID, stamp(study.Time))
	}
}

// Image is a volume as the readers of images give it.
func Image(v *volume.Volume) radiomics.Image {
	values := make([]float32, len(v.Voxels))
	for i, x := range v.Voxels {
		values[i] = float32(x)
	}
	return radiomics.Image{Shape: []int{volume.Edge, volume.Edge, volume.Edge}, Spacing: []float64{volume.Spacing, volume.Spacing, volume.Spacing}, Values: values}
}
