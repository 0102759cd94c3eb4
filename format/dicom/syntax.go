package dicom

// Transfer syntaxes (PS3.6 annex A).
const (
	implicitLittle = "1.2.840.10008.1.2"
	explicitLittle = "1.2.840.10008.1.2.1"
	explicitBig    = "1.2.840.10008.1.2.2"
	deflated       = "1.2.840.10008.1.2.1.99"
	deflatedFrames = "1.2.840.10008.1.2.8.1"
	rleLossless    = "1.2.840.10008.1.2.5"
	jpegBaseline   = "1.2.840.10008.1.2.4.50"
	jpegExtended   = "1.2.840.10008.1.2.4.51"
	jpegLossless   = "1.2.840.10008.1.2.4.57"
	jpegLosslessSV = "1.2.840.10008.1.2.4.70"
)

// encoding is the name of a transfer syntax, "" of one that is not known; read says
// whether its pixels can be read.
func encoding(uid string) (name string, read bool) {
	switch uid {
	case "", implicitLittle, explicitLittle, explicitBig:
		return "native", true
	case deflated:
		return "deflated", true
	case deflatedFrames:
		return "deflated frames", true
	case rleLossless:
		return "RLE Lossless", true
	case jpegBaseline:
		return "JPEG Baseline", true
	case jpegExtended:
		return "JPEG Extended", true // of 8 bits
	case jpegLossless, jpegLosslessSV:
		return "JPEG Lossless", true
	case "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81":
		return "JPEG-LS", false
	case "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93":
		return "JPEG 2000", false
	case "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203":
		return "High-Throughput JPEG 2000", false
	case "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.101", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.103",
		"1.2.840.10008.1.2.4.104", "1.2.840.10008.1.2.4.105", "1.2.840.10008.1.2.4.106", "1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.108":
		return "MPEG video", false
	}
	return "", false
}

// refused says why the pixels of an image are not read, though they may be well; "" if
// they are.
func (h Header) refused() string {
	name, read := encoding(h.TransferSyntax)
	palette := h.Photometric == "PALETTE COLOR" && h.Samples == 1
	switch {
	case name == "":
		return "the pixels are in a transfer syntax that is not known (" + h.TransferSyntax + ")"
	case h.TransferSyntax == jpegExtended && h.Bits > 8:
		return "the pixels are JPEG Extended of 12 bits (transfer syntax " + h.TransferSyntax + "), which is not read"
	case !read:
		return "the pixels are compressed as " + name + " (transfer syntax " + h.TransferSyntax + "), which is not read"
	case h.HasPixels && h.pixels.tag != pixelData:
		return "the pixels are floating-point numbers (7FE0,0008), which are not read"
	case palette && len(h.set.bytes(redTable)) != 6 || palette && len(h.set.bytes(redData)) == 0:
		return "the file has no palette (0028,1101) for its pixels, or a segmented one, which is not read"
	case h.Samples == 3 && h.Photometric != "RGB" && h.Photometric != "YBR_FULL" && h.Photometric != "YBR_FULL_422":
		return "the colours of the pixels (0028,0004) are of a kind that is not read"
	}
	return ""
}

const mend = "convert the files with gdcmconv --raw"
