package main

import (
	"math"
	"slices"
	"syscall"
	"time"
)

// latencyFigures are in milliseconds.
type latencyFigures struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// summarize sorts `samples` where they are.
func summarize(samples []time.Duration) latencyFigures {
	slices.Sort(samples)
	return latencyFigures{
		P50: milliseconds(percentile(samples, 50)),
		P90: milliseconds(percentile(samples, 90)),
		P99: milliseconds(percentile(samples, 99)),
		Max: milliseconds(percentile(samples, 100)),
	}
}

// percentile takes the nearest rank of sorted samples; 0 where there are none.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*percent + 99) / 100
	return sorted[max(rank, 1)-1]
}

func milliseconds(duration time.Duration) float64 {
	return roundTo(float64(duration)/float64(time.Millisecond), 3)
}

func seconds(duration time.Duration) float64 {
	return roundTo(duration.Seconds(), 6)
}

func roundTo(value float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(value*scale) / scale
}

// cpuTime is what this process has used so far, in user and system mode.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
