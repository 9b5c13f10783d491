package main

import "testing"

func TestComparisonTellsWhereABodyDiffers(t *testing.T) {
	for _, one := range []struct {
		name   string
		pieces []string
		fails  string
	}{
		{"the same", []string{"he", "llo"}, ""},
		{"wrong byte", []string{"he", "lpo"}, "wrong byte at offset 3"},
		{"too long", []string{"hello", "!"}, "body is longer than the 5 bytes expected"},
		{"too short", []string{"hell"}, "body ended after 4 bytes, expected 5"},
	} {
		t.Run(one.name, func(t *testing.T) {
			if got := compare("hello", one.pieces); got != one.fails {
				t.Errorf("got %q, expected %q", got, one.fails)
			}
		})
	}
}

func compare(expected string, pieces []string) string {
	compared := comparison{expected: []byte(expected)}
	for _, piece := range pieces {
		if err := compared.take([]byte(piece)); err != nil {
			return err.Error()
		}
	}
	if err := compared.end(); err != nil {
		return err.Error()
	}
	return ""
}
