package main

import "testing"

func TestRangesLieInTheFileAndReachItsEnds(t *testing.T) {
	pick, err := newRangePick(10, 4, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int64]bool{}
	for range 1000 {
		start, end := pick.next()
		if start < 0 || end > 10 || end-start != 4 {
			t.Fatalf("got %d-%d", start, end)
		}
		seen[start] = true
	}
	if len(seen) != 7 {
		t.Errorf("of 7 offsets, %d were picked", len(seen))
	}
}

func TestRangeOfTheWholeFileIsTheFile(t *testing.T) {
	pick, err := newRangePick(10, 10, 0)
	if err != nil {
		t.Fatal(err)
	}
	if start, end := pick.next(); start != 0 || end != 10 {
		t.Errorf("got %d-%d", start, end)
	}
}

func TestConnectionsPickDifferentRanges(t *testing.T) {
	one, _ := newRangePick(1<<40, 1, 0)
	other, _ := newRangePick(1<<40, 1, 1)
	a, _ := one.next()
	b, _ := other.next()
	if a == b {
		t.Errorf("both begin at %d", a)
	}
}

func TestRangeLargerThanTheFileFails(t *testing.T) {
	for _, size := range []int64{0, 11} {
		if _, err := newRangePick(10, size, 0); err == nil {
			t.Errorf("a range of %d bytes of 10 was accepted", size)
		}
	}
}
