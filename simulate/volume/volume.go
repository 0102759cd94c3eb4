// Package volume makes images: a small head in three dimensions with a surface like
// a face, and with a lesion of known place and size for some people.
//
// It serves simulate and writers of image files, and tests of removing faces. The
// head resembles nobody.
package volume

import (
	"math"

	"hmsp.center/hmsp/simulate/chance"
	"hmsp.center/hmsp/simulate/person"
)

// The grid. X runs from right to left, y from front to back, z from bottom to top;
// the face looks to y = 0.
const (
	Edge    = 64  // voxels
	Spacing = 3.0 // mm
)

// A Point is a place in mm from the outer corner of the first voxel.
type Point struct{ X, Y, Z float64 }

// A Volume is an image. Voxel (x, y, z) is Voxels[(z*Edge+y)*Edge+x], and its centre
// is at (x+0.5)*Spacing and so on.
type Volume struct {
	Voxels []int16
	Lesion *Lesion // nil for most
	Face   []Point // tip of the nose, the eyes: landmarks to be gone after defacing
}

// A Lesion is a ball in the white matter.
type Lesion struct {
	Centre Point
	Radius float64 // mm
	Volume float64 // mm3, of the ball
	Voxels int     // whose centre is inside
}

// Intensities of tissues, before noise of standard deviation Noise.
const (
	Air     = 0
	Skin    = 300
	Skull   = 80
	Fluid   = 150
	Brain   = 600
	Bright  = 950 // a lesion
	Noise   = 12.0
	minimum = 3 // mm, the smallest radius of a lesion
)

// Head makes the image of somebody's head, with a lesion where the causal graph says
// so (person.Lesion).
func Head(p *person.Person) Volume {
	s := p.Key.Stream("head image")
	h := newHead(s)
	v := Volume{Voxels: make([]int16, Edge*Edge*Edge), Face: []Point{h.nose, h.eyes[0], h.eyes[1]}}
	if p.X[person.Lesion] == 1 {
		v.Lesion = h.lesion(s)
	}
	for z := range Edge {
		for y := range Edge {
			for x := range Edge {
				at := Point{(float64(x) + 0.5) * Spacing, (float64(y) + 0.5) * Spacing, (float64(z) + 0.5) * Spacing}
				t := h.tissue(at)
				if v.Lesion != nil && distance(at, v.Lesion.Centre) <= v.Lesion.Radius {
					t = Bright
					v.Lesion.Voxels++
				}
				v.Voxels[(z*Edge+y)*Edge+x] = int16(max(math.Round(t+s.Normal()*Noise), 0))
			}
		}
	}
	return v
}

// A head is ellipsoids: what is outermost first.
type head struct {
	centre, half Point // of the skin
	nose         Point
	noseSize     float64
	eyes         [2]Point
	eyeSize      float64
}

func newHead(s *chance.Stream) head {
	c := Point{96 + s.Residual(1), 104 + s.Residual(1), 98 + s.Residual(1)}
	h := head{centre: c, half: Point{70 + s.Residual(2), 82 + s.Residual(2), 86 + s.Residual(2)}}
	front := c.Y - h.half.Y
	h.nose, h.noseSize = Point{c.X, front - 2, c.Z - 12 + s.Residual(2)}, 12+s.Residual(1)
	apart := 30 + s.Residual(1.5)
	h.eyes = [2]Point{{c.X - apart, front + 14, c.Z + 8}, {c.X + apart, front + 14, c.Z + 8}}
	h.eyeSize = 12 + s.Residual(0.5)
	return h
}

// depth is how far out a point is: 1 on the skin, 0 in the middle.
func (h *head) depth(p Point) float64 {
	x, y, z := (p.X-h.centre.X)/h.half.X, (p.Y-h.centre.Y)/h.half.Y, (p.Z-h.centre.Z)/h.half.Z
	return math.Sqrt(x*x + y*y + z*z)
}

func (h *head) tissue(p Point) float64 {
	for _, e := range h.eyes {
		if r := distance(p, e); r <= h.eyeSize {
			return Fluid
		} else if r <= h.eyeSize+3 && p.Y < e.Y {
			return Air // the socket
		}
	}
	d := h.depth(p)
	if d > 1 {
		if distance(p, h.nose) <= h.noseSize {
			return Skin
		}
		return Air
	}
	ventricle := math.Abs(math.Abs(p.X-h.centre.X)-10) < 5 && math.Abs(p.Y-h.centre.Y) < 22 && math.Abs(p.Z-h.centre.Z-6) < 8
	switch {
	case d > 0.93:
		return Skin
	case d > 0.85:
		return Skull
	case d > 0.8 || ventricle:
		return Fluid
	}
	return Brain
}

// lesion draws a ball that lies in the brain altogether, clear of the ventricles.
func (h *head) lesion(s *chance.Stream) *Lesion {
	r := minimum + 7*s.Uniform()
	side := 1.0
	if s.Chance(0.5) {
		side = -1
	}
	c := Point{h.centre.X + side*s.Between(27, 32), h.centre.Y + s.Between(-20, 20), h.centre.Z + s.Between(-15, 20)}
	return &Lesion{Centre: c, Radius: r, Volume: 4.0 / 3 * math.Pi * r * r * r}
}

func distance(a, b Point) float64 {
	return math.Sqrt((a.X-b.X)*(a.X-b.X) + (a.Y-b.Y)*(a.Y-b.Y) + (a.Z-b.Z)*(a.Z-b.Z))
}
