package modality

import (
	"fmt"
	"io"

	"hmsp.center/hmsp/format/dicom"
	"hmsp.center/hmsp/radiomics"
	"hmsp.center/hmsp/simulate/record"
	"hmsp.center/hmsp/simulate/volume"
)

// ownDICOM writes the image of the head as a series of the study that the records name,
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
	scan := dicom.Scan{Patient: p.ID, Birth: string(record.AppendDate(nil, p.Birth)), Sex: sex, Modality: "MR", Study: study.UID, Series: dicom.UID("series", study.UID),
		Description: "head, simulated", Time: study.Time, Image: Image(v), Origin: [3]float64{volume.Spacing / 2, volume.Spacing / 2, volume.Spacing / 2}}
	for k := range volume.Edge {
		err := put(fmt.Sprintf("%s/%04d.dcm", p.ID, k+1), func(w io.Writer) error { return dicom.Write(w, scan, k) })
		if err != nil {
			return err
		}
	}
	return nil
}

// Image is a volume as the readers of images give it.
func Image(v *volume.Volume) radiomics.Image {
	values := make([]float32, len(v.Voxels))
	for i, x := range v.Voxels {
		values[i] = float32(x)
	}
	return radiomics.Image{Shape: []int{volume.Edge, volume.Edge, volume.Edge}, Spacing: []float64{volume.Spacing, volume.Spacing, volume.Spacing}, Values: values}
}
