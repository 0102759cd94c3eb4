package hdf5

import "strings"

// The messages of an object header that are read (IV.A.2).
const (
	dataspaceMessage    = 0x01
	datatypeMessage     = 0x03
	layoutMessage       = 0x08
	filterMessage       = 0x0b
	attributeMessage    = 0x0c
	continuationMessage = 0x10
	symbolTableMessage  = 0x11
)

// A message is a part of an object header.
type message struct {
	kind int
	data []byte
}

// header reads an object header of version 1 and the blocks that continue it (IV.A.1.a).
func (f *File) header(address uint64) ([]message, error) {
	prefix, err := f.at(address, 16)
	if err != nil {
		return nil, err
	}
	if string(prefix[:4]) == "OHDR" {
		return nil, ErrLayout
	}
	if prefix[0] != 1 {
		return nil, damaged("an object has no header")
	}
	d := decoder{data: prefix[2:]}
	count := d.u16()
	d.u32() // references
	block, err := f.at(address+16, int64(d.u32()))
	if err != nil {
		return nil, err
	}
	var out []message
	for blocks := [][]byte{block}; len(blocks) > 0; blocks = blocks[1:] {
		d := decoder{data: blocks[0]}
		for len(d.data) >= 8 && len(out) < count {
			kind, size, flags := d.u16(), d.u16(), d.u8()
			d.take(3)
			data := d.take(size)
			if d.failed {
				return nil, damaged("a header is cut off")
			}
			if flags&2 != 0 && kind != 0 {
				return nil, ErrLayout // a message that stands elsewhere
			}
			out = append(out, message{kind, data})
			if kind != continuationMessage {
				continue
			}
			at := decoder{data: data}
			next, err := f.at(at.u64(), int64(at.u64()&(1<<62-1)))
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, next)
		}
	}
	return out, nil
}

// An Object is a dataset by its path, "/sample/ids".
type Object struct {
	Path    string
	address uint64
}

// limits of what a file of a table may hold.
const (
	mostObjects = 20000
	deepest     = 8
)

// Datasets lists the datasets in the groups of the file, in the file's order.
func (f *File) Datasets() ([]Object, error) {
	var out []Object
	err := f.walk(f.root, "", 0, &out)
	return out, err
}

func (f *File) walk(address uint64, path string, depth int, out *[]Object) error {
	messages, err := f.header(address)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if m.kind == layoutMessage {
			*out = append(*out, Object{path, address})
			return nil
		}
	}
	for _, m := range messages {
		if m.kind != symbolTableMessage {
			continue
		}
		if depth == deepest {
			return damaged("its groups are too deep")
		}
		d := decoder{data: m.data}
		tree, heap := d.u64(), d.u64()
		names, err := f.localHeap(heap)
		if err != nil {
			return err
		}
		return f.symbols(tree, -1, names, func(name string, child uint64) error {
			if len(*out) >= mostObjects {
				return damaged("it holds too many objects")
			}
			return f.walk(child, path+"/"+name, depth+1, out)
		})
	}
	for _, m := range messages {
		if m.kind == 0x02 || m.kind == 0x06 { // links of the newer groups
			return ErrLayout
		}
	}
	return nil // a named datatype
}

// localHeap reads the names of a group (III.D).
func (f *File) localHeap(address uint64) ([]byte, error) {
	head, err := f.marked(address, 32, "HEAP")
	if err != nil {
		return nil, err
	}
	d := decoder{data: head[8:]}
	size := d.u64()
	d.u64() // free list
	return f.at(d.u64(), int64(size&(1<<62-1)))
}

// symbols meets the members of a group: the leaves of its B-tree (III.A.1) are symbol
// table nodes (III.B). Level is that of the node above plus one, -1 of the root.
func (f *File) symbols(address uint64, level int, names []byte, meet func(name string, child uint64) error) error {
	return f.tree(address, 0, level, 8, func(_ []byte, child uint64) error {
		head, err := f.marked(child, 8, "SNOD")
		if err != nil {
			return err
		}
		d := decoder{data: head[6:]}
		entries, err := f.at(child+8, int64(d.u16())*40)
		if err != nil {
			return err
		}
		for ; len(entries) > 0; entries = entries[40:] {
			d := decoder{data: entries}
			name, object, kind := d.u64(), d.u64(), d.u32()
			if kind == 2 { // a link by name: the object stands where it points to
				continue
			}
			if name >= uint64(len(names)) {
				return damaged("a name lies behind its heap")
			}
			text, _, _ := strings.Cut(string(names[name:]), "\x00")
			if err := meet(text, object); err != nil {
				return err
			}
		}
		return nil
	})
}

// tree meets the leaves of a B-tree of version 1 (III.A.1) with keys of so many bytes.
func (f *File) tree(address uint64, kind byte, above int, key int, leaf func(key []byte, child uint64) error) error {
	head, err := f.marked(address, 24, "TREE")
	if err != nil {
		return err
	}
	level := int(head[5])
	if head[4] != kind || above >= 0 && level != above-1 {
		return damaged("a B-tree is not as it should be")
	}
	d := decoder{data: head[6:]}
	body, err := f.at(address+24, int64(d.u16())*int64(key+8))
	if err != nil {
		return err
	}
	for ; len(body) > 0; body = body[key+8:] {
		child := decoder{data: body[key : key+8]}
		if level > 0 {
			err = f.tree(child.u64(), kind, level, key, leaf)
		} else {
			err = leaf(body[:key], child.u64())
		}
		if err != nil {
			return err
		}
	}
	return nil
}
