package main

import "time"

// catchUp bounds how much a sender that woke late may send at once, as time at the full rate. A real link would have
// gone on meanwhile, so nothing may be lost to timers of a millisecond and a busy machine; but it must not save up more.
const catchUp = 10 * time.Millisecond

const (
	minPieceBytes = 4 << 10
	maxPieceBytes = 128 << 10
)

// tokenBucket paces one connection. It is kept as the moment up to which the bytes so far have used the link.
type tokenBucket struct {
	usedUntil time.Time
}

// begin starts a body: what was not used before it is gone.
func (b *tokenBucket) begin(now time.Time) {
	if b.usedUntil.Before(now) {
		b.usedUntil = now
	}
}

// delay is how long to wait before the next piece is sent.
func (b *tokenBucket) delay(now time.Time) time.Duration {
	return max(b.usedUntil.Sub(now), 0)
}

// use takes the time of `bytes` at that rate, beginning now or a little earlier where the sender is late.
func (b *tokenBucket) use(now time.Time, bytes, bytesPerSecond int64) {
	if earliest := now.Add(-catchUp); b.usedUntil.Before(earliest) {
		b.usedUntil = earliest
	}
	b.usedUntil = b.usedUntil.Add(time.Duration(float64(bytes) / float64(bytesPerSecond) * float64(time.Second)))
}

// pieceBytes is about two milliseconds of the rate.
func pieceBytes(bytesPerSecond int64) int64 {
	return min(max(bytesPerSecond/500, minPieceBytes), maxPieceBytes)
}
