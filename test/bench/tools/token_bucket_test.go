package main

import (
	"testing"
	"time"
)

const rate = 1_000_000

// send sends pieces as the shaping proxy does, on a clock that `late` puts forward after each wait.
func send(bucket *tokenBucket, begin time.Time, pieces int, size int64, late func(piece int) time.Duration) time.Time {
	now := begin
	bucket.begin(now)
	for piece := range pieces {
		now = now.Add(bucket.delay(now)).Add(late(piece))
		bucket.use(now, size, rate)
	}
	return now.Add(bucket.delay(now))
}

func TestBodyTakesItsSizeOverTheRate(t *testing.T) {
	begin := time.Now()
	end := send(&tokenBucket{}, begin, 100, 10_000, func(int) time.Duration { return 0 })
	if took := end.Sub(begin); took != time.Second {
		t.Errorf("1 MB at 1 MB/s took %v", took)
	}
}

func TestSenderThatWakesLateCatchesUp(t *testing.T) {
	begin := time.Now()
	end := send(&tokenBucket{}, begin, 100, 10_000, func(int) time.Duration { return 2 * time.Millisecond })
	if took := end.Sub(begin); took != time.Second {
		t.Errorf("1 MB at 1 MB/s took %v", took)
	}
}

func TestLongPauseIsNotCaughtUp(t *testing.T) {
	begin := time.Now()
	end := send(&tokenBucket{}, begin, 100, 10_000, func(piece int) time.Duration {
		if piece == 50 {
			return time.Second
		}
		return 0
	})
	if took := end.Sub(begin); took != 2*time.Second-catchUp {
		t.Errorf("1 MB at 1 MB/s with a pause of 1 s took %v", took)
	}
}

func TestTimeBetweenBodiesIsNotSavedUp(t *testing.T) {
	bucket := &tokenBucket{}
	none := func(int) time.Duration { return 0 }
	begin := send(bucket, time.Now(), 1, 10_000, none).Add(time.Minute)
	end := send(bucket, begin, 100, 10_000, none)
	if took := end.Sub(begin); took != time.Second {
		t.Errorf("1 MB at 1 MB/s took %v", took)
	}
}

func TestBodiesOneAfterTheOtherShareTheRate(t *testing.T) {
	bucket := &tokenBucket{}
	begin := time.Now()
	bucket.begin(begin)
	for range 100 {
		bucket.begin(begin)
		bucket.use(begin, 10_000, rate)
	}
	if wait := bucket.delay(begin); wait != time.Second {
		t.Errorf("100 bodies of 10 kB at 1 MB/s are to take %v", wait)
	}
}

func TestPiecesAreSmall(t *testing.T) {
	for _, one := range []struct{ rate, piece int64 }{{1, 4 << 10}, {10_000_000, 20_000}, {1 << 40, 128 << 10}} {
		if piece := pieceBytes(one.rate); piece != one.piece {
			t.Errorf("at %d B/s: got %d, expected %d", one.rate, piece, one.piece)
		}
	}
}
