package ucum

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// The limits of what is read: no unit in use comes near them, and within them no
// text makes parsing slow.
const (
	mostText     = 200 // bytes
	mostExponent = 30
	mostDigits   = 18
	mostNesting  = 20
)

// Parse reads a unit of UCUM, case sensitive. The error is an *Error.
func Parse(text string) (Unit, error) {
	p := &parser{text: text}
	u, err := p.parse()
	if err != nil {
		return Unit{}, err
	}
	u.text = text
	return u, nil
}

// A parser reads the grammar of UCUM sections 2 and 3:
//
//	unit      = ["/"] term
//	term      = component { ("." | "/") component }     from left to right
//	component = (symbol [exponent] | digits | "(" unit ")") [annotation] | annotation
//	symbol    = [prefix] atom
type parser struct {
	text  string
	at    int
	depth int
	parts int   // components read
	zero  *Unit // the temperature scale among them
}

func (p *parser) fail(at int, text, mend string) error {
	return &Error{Unit: p.text, Text: fmt.Sprintf("character %d: %s", len([]rune(p.text[:at]))+1, text), Mend: mend}
}

func (p *parser) parse() (Unit, error) {
	switch {
	case p.text == "":
		return Unit{}, &Error{Text: "there is no unit", Mend: "write 1 where there is none"}
	case len(p.text) > mostText:
		return Unit{}, &Error{Unit: p.text[:mostText], Text: "the text is too long for a unit", Mend: "give the code of UCUM"}
	}
	u, err := p.unit()
	if err != nil {
		return Unit{}, err
	}
	if p.at < len(p.text) {
		return Unit{}, p.fail(p.at, "nothing is expected here", "multiply with . and divide with /")
	}
	if p.zero != nil {
		if p.parts > 1 || len(u.dims) != 1 || u.dims[0].power != 1 {
			return Unit{}, &Error{Unit: p.text, Text: "a temperature scale with a zero of its own has no powers and products", Mend: "use K"}
		}
		u.offset = p.zero.offset
	}
	if f := u.Factor(); f == 0 || f-f != 0 {
		return Unit{}, &Error{Unit: p.text, Text: "the factor is too large or too small", Mend: "check the exponents"}
	}
	return u, nil
}

func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) unit() (Unit, error) {
	u := Unit{factor: big.NewRat(1, 1)}
	power := 1
	if p.peek() == '/' {
		p.at, power = p.at+1, -1
	}
	for {
		c, err := p.component()
		if err != nil {
			return Unit{}, err
		}
		u = u.times(c, power)
		switch p.peek() {
		case '.':
			power = 1
		case '/':
			power = -1
		default:
			return u, nil
		}
		p.at++
	}
}

func (p *parser) component() (u Unit, err error) {
	p.parts++
	start := p.at
	switch c := p.peek(); {
	case c == '(':
		if p.depth++; p.depth > mostNesting {
			return Unit{}, p.fail(p.at, "too many parentheses", "")
		}
		p.at++
		if u, err = p.unit(); err != nil {
			return Unit{}, err
		}
		if p.peek() != ')' {
			return Unit{}, p.fail(start, "this parenthesis is not closed", "")
		}
		p.at++
		p.depth--
	case c == '{':
		u = Unit{factor: big.NewRat(1, 1)}
	case digit(c) && !strings.HasPrefix(p.text[p.at:], "10*") && !strings.HasPrefix(p.text[p.at:], "10^"):
		n, ok := p.digits()
		if !ok || n == 0 {
			return Unit{}, p.fail(start, "a number from 1 to 18 digits is expected", "")
		}
		u = Unit{factor: new(big.Rat).SetInt64(n)}
		if next := p.peek(); next != 0 && strings.IndexByte("./){", next) < 0 {
			return Unit{}, p.fail(p.at, "an operator is expected after a number", "multiply with . and divide with /")
		}
	default:
		if u, err = p.symbol(); err != nil {
			return Unit{}, err
		}
	}
	return u, p.annotation()
}

// annotation reads a text in braces: it means nothing (section 2.4).
func (p *parser) annotation() error {
	if p.peek() != '{' {
		return nil
	}
	end := strings.IndexAny(p.text[p.at+1:], "{}")
	if end < 0 || p.text[p.at+1+end] == '{' {
		return p.fail(p.at, "this brace is not closed", "")
	}
	p.at += end + 2
	return nil
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func (p *parser) digits() (n int64, ok bool) {
	start := p.at
	for digit(p.peek()) {
		if p.at-start < mostDigits {
			n = 10*n + int64(p.peek()-'0')
		}
		p.at++
	}
	return n, p.at > start && p.at-start <= mostDigits
}

// symbol reads a prefix, an atom and an exponent.
func (p *parser) symbol() (Unit, error) {
	start := p.at
	if strings.HasPrefix(p.text[p.at:], "10*") || strings.HasPrefix(p.text[p.at:], "10^") {
		p.at += 3
	} else {
	scan:
		for p.at < len(p.text) {
			switch c := p.text[p.at]; {
			case c == '[':
				end := strings.IndexByte(p.text[p.at:], ']')
				if end < 0 {
					return Unit{}, p.fail(p.at, "this bracket is not closed", "")
				}
				p.at += end + 1
			case strings.IndexByte("./(){}+-", c) >= 0 || digit(c):
				break scan
			default:
				p.at++
			}
		}
	}
	u, ok := find(p.text[start:p.at])
	if !ok {
		mend := "the code is case sensitive: mg/dL, not MG/DL"
		if start == p.at {
			return Unit{}, p.fail(start, "a unit is expected", mend)
		}
		return Unit{}, p.fail(start, "no unit of UCUM is written like this", mend)
	}
	if u.offset != nil {
		p.zero = &u
	}
	power, err := p.exponent()
	if err != nil {
		return Unit{}, err
	}
	one := Unit{factor: big.NewRat(1, 1)}
	return one.times(u, power), nil
}

func (p *parser) exponent() (int, error) {
	start, sign := p.at, 1
	switch p.peek() {
	case '-':
		sign = -1
		p.at++
	case '+':
		p.at++
	}
	if !digit(p.peek()) {
		if p.at > start {
			return 0, p.fail(start, "an exponent is expected after the sign", "")
		}
		return 1, nil
	}
	n, ok := p.digits()
	if !ok || n == 0 || n > mostExponent {
		return 0, p.fail(start, fmt.Sprintf("an exponent from 1 to %d is expected", mostExponent), "")
	}
	return sign * int(n), nil
}

// times is the product of u and a power of v, but for offsets.
func (u Unit) times(v Unit, power int) Unit {
	f := new(big.Rat).Set(v.factor)
	if power < 0 {
		f.Inv(f)
	}
	n := new(big.Int).SetInt64(int64(max(power, -power)))
	f.SetFrac(new(big.Int).Exp(f.Num(), n, nil), new(big.Int).Exp(f.Denom(), n, nil))
	out := Unit{factor: f.Mul(f, u.factor), dims: slices.Clone(u.dims), molar: u.molar || v.molar, log: u.log}
	if out.log == "" {
		out.log = v.log
	}
	for _, d := range v.dims {
		out.dims = add(out.dims, dim{d.base, d.power * power})
	}
	return out
}

// add adds the power of one base unit, keeping the order.
func add(dims []dim, d dim) []dim {
	i, ok := slices.BinarySearchFunc(dims, d.base, func(e dim, base string) int { return strings.Compare(e.base, base) })
	if !ok {
		return slices.Insert(dims, i, d)
	}
	if dims[i].power += d.power; dims[i].power == 0 {
		return slices.Delete(dims, i, i+1)
	}
	return dims
}
