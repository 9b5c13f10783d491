package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// shaper is a reverse proxy that slows every client's connection down, and counts.
type shaper struct {
	target *target
	counts *wireCounts
	// address is where tokens are to be had, under whatever name a client has come.
	address string
	// challenges says that clients are sent for a token first, though nothing needs one.
	challenges bool
	// 0 is none.
	latencyMs      atomic.Int64
	bytesPerSecond atomic.Int64

	lock sync.Mutex
	idle []*connection
}

func runShape(arguments []string) (any, error) {
	flags := newClientFlags("shape")
	listen := flags.String("listen", "", "`address:port`")
	url := flags.String("target", "", "http URL of the registry")
	latencyMs := flags.Int64("latency-ms", 0, "before each response's head")
	bytesPerSecond := flags.Int64("bytes-per-second", 0, "of each connection; 0 is no limit")
	challenge := flags.Bool("challenge", false, "answer /v2/ with 401 and hand out tokens, as public registries do; nothing else needs one")
	if err := parseFlags(flags.FlagSet, arguments, "listen", "target"); err != nil {
		return nil, err
	}
	target, err := parseTarget(*url, flags, smallBuffers)
	if err != nil {
		return nil, err
	}
	if target.tls != nil {
		return nil, fmt.Errorf("expected an http URL, got %q", *url)
	}
	shaper := &shaper{address: *listen, target: target, counts: newWireCounts(), challenges: *challenge}
	shaper.latencyMs.Store(*latencyMs)
	shaper.bytesPerSecond.Store(*bytesPerSecond)
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return nil, err
	}
	return nil, shaper.serve(listener)
}

// serve ends with the listener.
func (s *shaper) serve(listener net.Listener) error {
	for {
		accepted, err := listener.Accept()
		if err != nil {
			return err
		}
		client := &shapedClient{shaper: s, wire: accepted, requests: bufio.NewReader(accepted)}
		go func() {
			defer accepted.Close()
			if err := client.serve(); err != nil {
				fmt.Fprintln(os.Stderr, "bench-tools: shape:", err)
			}
		}()
	}
}

// take returns a connection to the target, an idle one where there is one.
func (s *shaper) take() (taken *connection, wasIdle bool, err error) {
	s.lock.Lock()
	if last := len(s.idle) - 1; last >= 0 {
		taken = s.idle[last]
		s.idle = s.idle[:last]
	}
	s.lock.Unlock()
	if taken != nil {
		return taken, true, nil
	}
	taken, err = s.target.dial()
	return taken, false, err
}

func (s *shaper) giveBack(connection *connection) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.idle = append(s.idle, connection)
}
