package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// readOne reads a response that arrives a byte at a time, through a buffer smaller than it.
func readOne(text string) (responseHead, string, error) {
	reader := newResponseReader(iotest.OneByteReader(strings.NewReader(text)), 16)
	return readNext(reader)
}

func readNext(reader *responseReader) (responseHead, string, error) {
	var body strings.Builder
	head, err := reader.readHead()
	if err == nil {
		err = reader.readBody(head, func(piece []byte) error {
			body.Write(piece)
			return nil
		})
	}
	return head, body.String(), err
}

func TestBodyIsReadByItsFraming(t *testing.T) {
	for _, one := range []struct{ name, text, body string }{
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"},
		{"length in lower case", "HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello", "hello"},
		{"no body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\nX: y\r\n\r\n", "hello"},
		{"long chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n", "abcdefghijklmnopqrstuvwxyz"},
		{"end of the connection", "HTTP/1.1 200 OK\r\n\r\nhello", "hello"},
		{"not modified has none", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", ""},
		{"after an informational one", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"},
		{"no reason", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", "hello"},
	} {
		t.Run(one.name, func(t *testing.T) {
			if _, body, err := readOne(one.text); err != nil || body != one.body {
				t.Errorf("got %q, %v; expected %q", body, err, one.body)
			}
		})
	}
}

func TestBrokenResponsesFail(t *testing.T) {
	for _, one := range []struct{ name, text string }{
		{"body that ends early", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"},
		{"chunk that ends early", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell"},
		{"chunks without the last", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
		{"chunk longer than it says", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n"},
		{"head that ends early", "HTTP/1.1 200 OK\r\nContent-"},
		{"something else", "SSH-2.0-OpenSSH_9.2\r\n\r\n"},
		{"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"},
		{"line without a name", "HTTP/1.1 200 OK\r\nwhat\r\n\r\n"},
		{"endless head", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHeadBytes)},
	} {
		t.Run(one.name, func(t *testing.T) {
			if _, body, err := readOne(one.text); err == nil {
				t.Errorf("got %q", body)
			}
		})
	}
}

func TestResponsesFollowOneAnotherOnAConnection(t *testing.T) {
	reader := newResponseReader(strings.NewReader(
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"+
			"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nConnection: close\r\n\r\nb"), 4096)
	if head, body, err := readNext(reader); err != nil || head.status != 200 || head.closes || body != "a" {
		t.Errorf("first: %+v %q %v", head, body, err)
	}
	if head, body, err := readNext(reader); err != nil || head.status != 206 || !head.closes || body != "b" {
		t.Errorf("second: %+v %q %v", head, body, err)
	}
	if _, _, err := readNext(reader); !errors.Is(err, errNoResponse) || !errors.Is(err, io.EOF) {
		t.Errorf("third: %v", err)
	}
}

func TestHeadLinesAreKeptAsReceived(t *testing.T) {
	reader := newResponseReader(strings.NewReader("HTTP/1.1 307 x\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"), 16)
	if _, err := reader.readHead(); err != nil {
		t.Fatal(err)
	}
	if lines := string(reader.headLines); lines != "HTTP/1.1 307 x\r\nLocation: /a\r\nContent-Length: 0\r\n" {
		t.Errorf("got %q", lines)
	}
}
