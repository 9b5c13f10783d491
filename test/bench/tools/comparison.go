package main

import (
	"bytes"
	"fmt"
)

// comparison holds what a body has to be against what arrives of it.
type comparison struct {
	expected []byte
	at       int
}

func (c *comparison) take(piece []byte) error {
	end := c.at + len(piece)
	if end > len(c.expected) {
		return fmt.Errorf("body is longer than the %d bytes expected", len(c.expected))
	}
	if !bytes.Equal(piece, c.expected[c.at:end]) {
		return fmt.Errorf("wrong byte at offset %d", c.at+firstDifference(piece, c.expected[c.at:end]))
	}
	c.at = end
	return nil
}

func (c *comparison) end() error {
	if c.at != len(c.expected) {
		return fmt.Errorf("body ended after %d bytes, expected %d", c.at, len(c.expected))
	}
	return nil
}

func firstDifference(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return len(a)
}
