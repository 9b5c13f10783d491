package main

import (
	"fmt"
	"math/rand/v2"
)

// rangePick picks ranges of one size, each offset of the file as likely as any other.
type rangePick struct {
	random *rand.Rand
	// offsets is how many there are.
	offsets int64
	size    int64
}

func newRangePick(fileSize, size int64, stream uint64) (*rangePick, error) {
	if size < 1 || size > fileSize {
		return nil, fmt.Errorf("expected a range of 1 … %d bytes, got %d", fileSize, size)
	}
	return &rangePick{random: rand.New(rand.NewPCG(1, stream)), offsets: fileSize - size + 1, size: size}, nil
}

// next returns the first byte's offset and the one after the last byte's.
func (p *rangePick) next() (start, end int64) {
	start = p.random.Int64N(p.offsets)
	return start, start + p.size
}
