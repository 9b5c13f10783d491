package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

const maxHeadBytes = 64 << 10

// responseHead says what follows the head of a response.
type responseHead struct {
	status int
	// contentLength is -1 where the response has none.
	contentLength int64
	chunked       bool
	// closes says that the server ends the connection after this response.
	closes bool
}

// hasBody is for responses to GET.
func (h responseHead) hasBody() bool {
	return h.status != 204 && h.status != 304
}

func (h responseHead) endsWithConnection() bool {
	return h.hasBody() && !h.chunked && h.contentLength < 0
}

// errNoResponse is of a connection that ended before the first byte: a request on a kept connection may be sent again.
var errNoResponse = errors.New("connection ended before the response")

// responseReader reads HTTP/1.1 responses, one after the other, and hands bodies out of its own buffer without a copy.
// net/http costs several times as much per response, which the server under test would lack.
type responseReader struct {
	buffer *bufio.Reader
	// headLines is the last head as received, without the empty line; valid until the next readHead.
	headLines []byte
}

func newResponseReader(source io.Reader, size int) *responseReader {
	return &responseReader{buffer: bufio.NewReaderSize(source, size)}
}

// readHead reads the next final response's head; informational ones are skipped.
func (r *responseReader) readHead() (responseHead, error) {
	for {
		head, err := r.readOneHead()
		if err != nil || head.status >= 200 || head.status == 101 {
			return head, err
		}
	}
}

func (r *responseReader) readOneHead() (responseHead, error) {
	r.headLines = r.headLines[:0]
	head := responseHead{contentLength: -1}
	if _, err := r.buffer.Peek(1); err != nil {
		return head, fmt.Errorf("%w: %w", errNoResponse, err)
	}
	line, err := r.readLine()
	if err != nil {
		return head, err
	}
	if err := parseStatusLine(line, &head); err != nil {
		return head, err
	}
	for {
		if line, err = r.readLine(); err != nil {
			return head, err
		}
		if len(line) == 0 {
			return head, nil
		}
		if err := parseHeader(line, &head); err != nil {
			return head, err
		}
	}
}

// readLine returns a line without its end, valid until the next read, and keeps it in headLines.
func (r *responseReader) readLine() ([]byte, error) {
	start := len(r.headLines)
	for {
		part, err := r.buffer.ReadSlice('\n')
		r.headLines = append(r.headLines, part...)
		if len(r.headLines) > maxHeadBytes {
			return nil, errors.New("response head is too large")
		}
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("reading the response head: %w", unexpected(err))
		}
	}
	line := bytes.TrimRight(r.headLines[start:], "\r\n")
	if len(line) == 0 {
		r.headLines = r.headLines[:start]
	}
	return line, nil
}

func parseStatusLine(line []byte, head *responseHead) error {
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' {
		return fmt.Errorf("expected an HTTP/1.1 status line, got %.60q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return fmt.Errorf("expected an HTTP/1.1 status line, got %.60q", line)
	}
	head.status = status
	head.closes = line[7] == '0'
	return nil
}

func parseHeader(line []byte, head *responseHead) error {
	// Most headers are told apart by the length of their name.
	colon := bytes.IndexByte(line, ':')
	switch colon {
	case len("content-length"):
		if isHeader(line, "content-length") {
			length, err := strconv.ParseInt(string(headerValue(line)), 10, 64)
			if err != nil || length < 0 {
				return fmt.Errorf("expected a Content-Length, got %.60q", line)
			}
			head.contentLength = length
		}
	case len("transfer-encoding"):
		if isHeader(line, "transfer-encoding") {
			head.chunked = bytes.EqualFold(headerValue(line), []byte("chunked"))
		}
	case len("connection"):
		if isHeader(line, "connection") {
			switch {
			case bytes.EqualFold(headerValue(line), []byte("close")):
				head.closes = true
			case bytes.EqualFold(headerValue(line), []byte("keep-alive")):
				head.closes = false
			}
		}
	case -1:
		return fmt.Errorf("expected a header, got %.60q", line)
	}
	return nil
}

func isHeader(line []byte, name string) bool {
	return len(line) > len(name) && line[len(name)] == ':' && bytes.EqualFold(line[:len(name)], []byte(name))
}

func headerValue(line []byte) []byte {
	return bytes.TrimSpace(line[bytes.IndexByte(line, ':')+1:])
}
