package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

const dialTimeout = 30 * time.Second

// bufferSizes are in bytes. A connection that reads much saves system calls with a large wire buffer below TLS; one that
// is only held has none (0).
type bufferSizes struct{ wire, responses int }

var (
	smallBuffers   = bufferSizes{wire: 32 << 10, responses: 32 << 10}
	largeBuffers   = bufferSizes{wire: 128 << 10, responses: 32 << 10}
	minimalBuffers = bufferSizes{wire: 0, responses: 2 << 10}
)

// target is what a client asks, and how its connections are opened.
type target struct {
	url     *url.URL
	address string
	tls     *tls.Config
	headers []string
	buffers bufferSizes
}

func parseTarget(text string, flags *clientFlags, buffers bufferSizes) (*target, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	result := &target{url: parsed, address: parsed.Host, headers: flags.headers, buffers: buffers}
	port := "80"
	switch parsed.Scheme {
	case "http":
	case "https":
		port = "443"
		result.tls = &tls.Config{
			ServerName:         parsed.Hostname(),
			InsecureSkipVerify: flags.insecure,
			NextProtos:         []string{"http/1.1"},
		}
	default:
		return nil, fmt.Errorf("expected an http or https URL, got %q", text)
	}
	if parsed.Port() == "" {
		result.address = net.JoinHostPort(parsed.Hostname(), port)
	}
	return result, nil
}

// get is the whole request for the target's URL.
func (t *target) get(more ...string) []byte {
	return t.getPath(t.url.RequestURI(), more...)
}

func (t *target) getPath(path string, more ...string) []byte {
	lines := []string{"GET " + path + " HTTP/1.1", "Host: " + t.url.Host, "User-Agent: bench-tools"}
	lines = append(append(lines, t.headers...), more...)
	return []byte(strings.Join(lines, "\r\n") + "\r\n\r\n")
}

func (t *target) dial() (*connection, error) {
	wire, err := net.DialTimeout("tcp", t.address, dialTimeout)
	if err != nil {
		return nil, err
	}
	if t.buffers.wire > 0 && t.tls != nil {
		wire = &bufferedWire{Conn: wire, reader: bufio.NewReaderSize(wire, t.buffers.wire)}
	}
	if t.tls != nil {
		secured := tls.Client(wire, t.tls)
		if err := handshake(secured); err != nil {
			return nil, err
		}
		wire = secured
	}
	return &connection{Conn: wire, responses: newResponseReader(wire, t.buffers.responses)}, nil
}

func handshake(secured *tls.Conn) error {
	if err := secured.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return err
	}
	if err := secured.Handshake(); err != nil {
		secured.Close()
		return fmt.Errorf("TLS handshake: %w", err)
	}
	return secured.SetDeadline(time.Time{})
}

// connection is one HTTP/1.1 connection; its owner closes it.
type connection struct {
	net.Conn
	responses *responseReader
}

// bufferedWire reads ahead below TLS, which by itself asks the kernel for every record.
type bufferedWire struct {
	net.Conn
	reader *bufio.Reader
}

func (w *bufferedWire) Read(into []byte) (int, error) { return w.reader.Read(into) }
