package main

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	openedBytes  = 1 << 20
	readsPerHold = 4 // a second
)

type heldFigures struct {
	Bytes int64 `json:"bytes"`
}

func runStreamsHeld(arguments []string) (any, error) {
	flags := newClientFlags("streams-held")
	url := flags.String("url", "", "blob to ask for")
	path := flags.String("file", "", "file that every body has to equal; not compared unless given")
	streams := flags.Int("streams", 1, "how many at once, each on its own connection")
	bytesPerSecond := flags.Int64("bytes-per-second", 64<<10, "that each reads after its first MiB")
	if err := parseFlags(flags.FlagSet, arguments, "url"); err != nil {
		return nil, err
	}
	target, err := parseTarget(*url, flags, minimalBuffers)
	if err != nil {
		return nil, err
	}
	held := &heldStreams{target: target, bytesPerSecond: *bytesPerSecond, opened: make(chan struct{}, *streams)}
	if *path != "" {
		if held.content, err = mapFile(*path); err != nil {
			return nil, err
		}
	}
	return held.run(*streams)
}

type heldStreams struct {
	target         *target
	bytesPerSecond int64
	// content is nil where the bodies are not compared.
	content []byte
	opened  chan struct{}
	bytes   atomic.Int64
}

// run ends at a line on stdin, or with the first error.
func (h *heldStreams) run(count int) (*heldFigures, error) {
	failed := make(chan error, 1)
	go func() { failed <- together(count, func(int) error { return h.hold() }) }()
	for range count {
		select {
		case <-h.opened:
		case err := <-failed:
			return nil, err
		}
	}
	if err := printLine(map[string]string{"event": "open"}); err != nil {
		return nil, err
	}
	select {
	case <-lineOnStandardInput():
		return &heldFigures{Bytes: h.bytes.Load()}, nil
	case err := <-failed:
		return nil, err
	}
}

// hold reads the body again and again.
func (h *heldStreams) hold() error {
	kept, err := openKept(h.target)
	if err != nil {
		return err
	}
	reader := &slowReader{held: h}
	request := h.target.get()
	for {
		reader.body = comparison{expected: h.content}
		if _, err := kept.get(request, []int{http.StatusOK}, reader.take); err != nil {
			return err
		}
		if h.content != nil {
			if err := reader.body.end(); err != nil {
				return err
			}
		}
		if reader.total == 0 {
			return fmt.Errorf("body is empty")
		}
	}
}

// slowReader is fast for the first MiB, and then sleeps between a few reads a second.
type slowReader struct {
	held   *heldStreams
	body   comparison
	total  int64
	due    int64
	opened bool
}

func (r *slowReader) take(piece []byte) error {
	r.held.bytes.Add(int64(len(piece)))
	r.total += int64(len(piece))
	if r.held.content != nil {
		if err := r.body.take(piece); err != nil {
			return err
		}
	}
	if !r.opened {
		if r.total >= openedBytes {
			r.opened = true
			r.held.opened <- struct{}{}
		}
		return nil
	}
	r.due += int64(len(piece))
	if r.due >= r.held.bytesPerSecond/readsPerHold {
		time.Sleep(time.Duration(float64(r.due) / float64(r.held.bytesPerSecond) * float64(time.Second)))
		r.due = 0
	}
	return nil
}
