package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	openAtOnce = 16
	askedAgain = 200
)

type openEvent struct {
	Event       string `json:"event"`
	Connections int    `json:"connections"`
}

type idleFigures struct {
	// Connections were open at once.
	Connections int `json:"connections"`
	// LatencyMs is of the second requests, one after the other.
	LatencyMs latencyFigures `json:"latencyMs"`
	// Refused could not be opened, or were closed while they were held, as far as they were asked again.
	Refused int64 `json:"refused"`
}

func runIdle(arguments []string) (any, error) {
	flags := newClientFlags("idle")
	url := flags.String("url", "", "what to ask for")
	expected := flags.String("expect", "", "file that every body has to equal")
	connections := flags.Int("connections", 1, "how many are held")
	hold := flags.Float64("hold", 0, "seconds to wait for a line on stdin at most; 0 is no limit")
	if err := parseFlags(flags.FlagSet, arguments, "url", "expect"); err != nil {
		return nil, err
	}
	target, err := parseTarget(*url, flags, minimalBuffers)
	if err != nil {
		return nil, err
	}
	body, err := os.ReadFile(*expected)
	if err != nil {
		return nil, err
	}
	holder := &idleHolder{target: target, request: target.get(), body: body}
	return holder.run(*connections, fromSeconds(*hold))
}

type idleHolder struct {
	target  *target
	request []byte
	body    []byte
	refused atomic.Int64
}

func (h *idleHolder) run(count int, hold time.Duration) (*idleFigures, error) {
	open, err := h.openMany(count)
	if err != nil {
		return nil, err
	}
	if err := printLine(openEvent{Event: "open", Connections: len(open)}); err != nil {
		return nil, err
	}
	waitForLine(hold)
	latencies, err := h.askAgain(open)
	if err != nil {
		return nil, err
	}
	return &idleFigures{Connections: len(open), LatencyMs: summarize(latencies), Refused: h.refused.Load()}, nil
}

// openMany opens connections and asks once on each.
func (h *idleHolder) openMany(count int) ([]*connection, error) {
	opened := make([]*connection, count)
	var next atomic.Int64
	err := together(min(openAtOnce, count), func(int) error {
		for index := next.Add(1) - 1; index < int64(count); index = next.Add(1) - 1 {
			one, err := h.open()
			if err != nil {
				return fmt.Errorf("connection %d: %w", index, err)
			}
			opened[index] = one
		}
		return nil
	})
	open := opened[:0]
	for _, one := range opened {
		if one != nil {
			open = append(open, one)
		}
	}
	return open, err
}

// open returns nil where the server refuses.
func (h *idleHolder) open() (*connection, error) {
	opened, err := h.target.dial()
	if err == nil {
		err = h.ask(opened)
	}
	if isRefusal(err) {
		h.refused.Add(1)
		return nil, nil
	}
	return opened, err
}

func (h *idleHolder) ask(connection *connection) error {
	if err := connection.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return err
	}
	if _, err := connection.Write(h.request); err != nil {
		return err
	}
	head, err := connection.responses.readHead()
	if err != nil {
		return err
	}
	if err := expectStatus(head.status, []int{http.StatusOK}); err != nil {
		return err
	}
	compared := comparison{expected: h.body}
	if err := connection.responses.readBody(head, compared.take); err != nil {
		return err
	}
	return compared.end()
}

// askAgain asks on some of the connections, evenly spread.
func (h *idleHolder) askAgain(open []*connection) ([]time.Duration, error) {
	count := min(askedAgain, len(open))
	latencies := make([]time.Duration, 0, count)
	for number := range count {
		asked := time.Now()
		err := h.ask(open[number*len(open)/count])
		if isRefusal(err) {
			h.refused.Add(1)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("asking again: %w", err)
		}
		latencies = append(latencies, time.Since(asked))
	}
	return latencies, nil
}

func isRefusal(err error) bool {
	var timeout net.Error
	return errors.Is(err, errNoResponse) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || (errors.As(err, &timeout) && timeout.Timeout())
}
