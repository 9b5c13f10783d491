package main

import (
	"sync/atomic"
	"time"
)

// load is what `requests` and `ranges` have in common: connections that ask again and again for a while.
type load struct {
	target      *target
	connections int
	warmup      time.Duration
	duration    time.Duration
}

type loadFigures struct {
	Requests   int            `json:"requests"`
	Seconds    float64        `json:"seconds"`
	Bytes      int64          `json:"bytes"`
	LatencyMs  latencyFigures `json:"latencyMs"`
	CPUSeconds float64        `json:"cpuSeconds"`
	// Reopened counts the connections that the server ended, and that were opened again.
	Reopened int `json:"reopened"`
}

// askOnce sends one request, checks the answer, and returns the body's length.
type askOnce func(connection *keptConnection) (bytes int64, err error)

// run opens all connections, warms up, and measures; each connection has an `askOnce` of its own.
func (l *load) run(newAsk func(index int) askOnce) (*loadFigures, error) {
	kept, err := openAll(l.target, l.connections)
	if err != nil {
		return nil, err
	}
	begin := time.Now().Add(l.warmup)
	end := begin.Add(l.duration)
	var cpuAtBegin atomic.Int64
	time.AfterFunc(l.warmup, func() { cpuAtBegin.Store(int64(cpuTime())) })
	tallies := make([]tally, l.connections)
	err = together(l.connections, func(index int) error {
		defer kept[index].close()
		return tallies[index].run(kept[index], newAsk(index), begin, end)
	})
	if err != nil {
		return nil, err
	}
	figures := addUp(tallies, begin)
	figures.CPUSeconds = seconds(cpuTime() - time.Duration(cpuAtBegin.Load()))
	for _, connection := range kept {
		figures.Reopened += connection.reopened
	}
	return figures, nil
}

func openAll(target *target, count int) ([]*keptConnection, error) {
	kept := make([]*keptConnection, count)
	err := together(count, func(index int) (err error) {
		kept[index], err = openKept(target)
		return err
	})
	return kept, err
}

// tally is of one connection.
type tally struct {
	latencies []time.Duration
	bytes     int64
	last      time.Time
}

func (t *tally) run(connection *keptConnection, ask askOnce, begin, end time.Time) error {
	asked := time.Now()
	for asked.Before(end) {
		bytes, err := ask(connection)
		if err != nil {
			return err
		}
		answered := time.Now()
		if !asked.Before(begin) {
			t.latencies = append(t.latencies, answered.Sub(asked))
			t.bytes += bytes
			t.last = answered
		}
		asked = answered
	}
	return nil
}

func addUp(tallies []tally, begin time.Time) *loadFigures {
	var all []time.Duration
	figures := &loadFigures{}
	last := begin
	for _, one := range tallies {
		all = append(all, one.latencies...)
		figures.Bytes += one.bytes
		if one.last.After(last) {
			last = one.last
		}
	}
	figures.Requests = len(all)
	figures.Seconds = seconds(last.Sub(begin))
	figures.LatencyMs = summarize(all)
	return figures
}
