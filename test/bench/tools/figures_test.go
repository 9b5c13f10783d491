package main

import (
	"testing"
	"time"
)

func TestPercentilesAreSamplesThemselves(t *testing.T) {
	samples := make([]time.Duration, 200)
	for index := range samples {
		samples[index] = time.Duration(200-index) * time.Millisecond
	}
	if got, expected := summarize(samples), (latencyFigures{P50: 100, P90: 180, P99: 198, Max: 200}); got != expected {
		t.Errorf("got %+v, expected %+v", got, expected)
	}
	if got, expected := summarize([]time.Duration{time.Millisecond}), (latencyFigures{1, 1, 1, 1}); got != expected {
		t.Errorf("of one: got %+v", got)
	}
	if got := summarize(nil); got != (latencyFigures{}) {
		t.Errorf("of none: got %+v", got)
	}
}
