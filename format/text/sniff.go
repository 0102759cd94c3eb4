package text

import (
	"encoding/csv"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

func sniff(head []byte, filename string) int {
	if len(head) == 0 || strings.HasSuffix(strings.ToLower(filename), ".gz") {
		return 0
	}
	text, err := decode(whole(head), detect(whole(head)))
	if err != nil {
		return 0
	}
	switch kindOf(head, filename) {
	case lines, array:
		return sniffObjects(text)
	case cells:
		return sniffCells(text)
	}
	if !strings.EqualFold(filepath.Ext(filename), ".txt") {
		return 0
	}
	if prose(text) {
		return 60 // a table with commas in .txt is 50 for csv
	}
	return 5
}

// whole cuts off a character that the end of the head cuts.
func whole(head []byte) []byte {
	if len(head) < headBytes {
		return head
	}
	if mark, _ := marked(head); mark == utf16Name {
		return head[:len(head)/2*2]
	}
	for n := 1; n < utf8.UTFMax; n++ {
		if c := head[len(head)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(head[len(head)-n:]) {
				return head[:len(head)-n]
			}
			break
		}
	}
	return head
}

// prose says whether a text reads as sentences do: most of it letters and spaces, and in
// a known language, or words of a usual length where it is none of them.
func prose(text string) bool {
	if languageOf(text) != Other {
		return true
	}
	letters, all, separators := 0, 0, 0
	for _, r := range text {
		all++
		switch {
		case r == '\t' || r == ';' || r == '|':
			separators++
		case r == ' ' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80:
			letters++
		}
	}
	return countWords(text) >= minWords && letters*10 >= all*8 && separators*50 < all
}

// sniffObjects: the first object has a field of text, and is no resource of FHIR.
func sniffObjects(text string) int {
	o := newObjects(strings.NewReader(text), headBytes)
	fields, err := o.record()
	if err != nil && fields == nil || fields["resourceType"] != nil {
		return 0
	}
	for name, raw := range fields {
		if roleOf(name) == textRole && len(raw) > 0 && raw[0] == '"' {
			return 80
		}
	}
	return 0
}

// sniffCells: columns of text hold four fifths of the file, and hundreds of characters
// a row: an ordinary table with remarks has neither.
func sniffCells(text string) int {
	d, header := header(text)
	if header == nil {
		return 0
	}
	in := csv.NewReader(strings.NewReader(text))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = rune(d), -1, true
	in.Read()
	notes, all, rows := 0, 0, 0
	for {
		row, err := in.Read()
		for i, cell := range row {
			if all += len(cell); i < len(header) && roleOf(header[i]) == textRole {
				notes += len(cell)
			}
		}
		if err != nil {
			break
		}
		rows++
	}
	if notes*5 >= all*4 && notes >= 200*max(rows, 1) {
		return 92 // csv is 90 for what is named so
	}
	return 0
}

// header reads the first line of CSV with the delimiter under which it names a column
// of text; nil if there is none.
func header(text string) (delimiter byte, names []string) {
	line, _, _ := strings.Cut(text, "\n")
	for _, d := range []byte(",;\t|") {
		in := csv.NewReader(strings.NewReader(line))
		in.Comma = rune(d)
		names, err := in.Read()
		if err != nil {
			continue
		}
		for _, n := range names {
			if roleOf(n) == textRole {
				return d, names
			}
		}
	}
	return ',', nil
}

// sniffFolder: most files are .txt, and one of the first is prose.
func sniffFolder(folder string, names []string) int {
	var texts []string
	for _, n := range names {
		if strings.EqualFold(path.Ext(n), ".txt") {
			texts = append(texts, n)
		}
	}
	if 2*len(texts) <= len(names) {
		return 0
	}
	for _, n := range texts[:min(len(texts), 5)] {
		f, err := os.Open(filepath.Join(folder, filepath.FromSlash(n)))
		if err != nil {
			continue
		}
		head := make([]byte, headBytes)
		k, _ := io.ReadFull(f, head)
		f.Close()
		if sniff(head[:k], n) >= 50 {
			return 70
		}
	}
	return 0
}
