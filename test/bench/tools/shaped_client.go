package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const unlimitedPieceBytes = 1 << 20

// shapedClient is one client's connection to the shaping proxy.
type shapedClient struct {
	shaper   *shaper
	wire     net.Conn
	requests *bufio.Reader
	bucket   tokenBucket
}

// errClientLeft is nothing to report: clients may leave at any time.
var errClientLeft = errors.New("client left")

// serve answers one request after the other, until the client leaves.
func (c *shapedClient) serve() error {
	for {
		request, err := http.ReadRequest(c.requests)
		if err != nil {
			return nil
		}
		closes, err := c.answer(request)
		if errors.Is(err, errClientLeft) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", request.Method, request.URL.Path, err)
		}
		if closes {
			return nil
		}
	}
}

func (c *shapedClient) answer(request *http.Request) (closes bool, err error) {
	if strings.HasPrefix(request.URL.Path, "/.shape/") {
		return request.Close, c.control(request)
	}
	path := request.Method + " " + request.URL.Path
	c.shaper.counts.addRequest(path)
	time.Sleep(time.Duration(c.shaper.latencyMs.Load()) * time.Millisecond)
	if c.shaper.challenges && request.URL.Path == "/v2/" {
		return request.Close, c.challenge(request)
	}
	upstream, head, err := c.forward(request)
	if err != nil {
		c.wire.Write([]byte("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
		return true, err
	}
	response := &shapedResponse{
		client: c, upstream: upstream, head: head, path: path,
		withoutBody: request.Method == http.MethodHead || !head.hasBody(),
		http10:      !request.ProtoAtLeast(1, 1),
		closes:      request.Close || head.closes,
	}
	return response.pass()
}

// forward asks again where a kept connection turns out to have ended, unless the request has a body.
func (c *shapedClient) forward(request *http.Request) (*connection, responseHead, error) {
	for {
		upstream, wasIdle, err := c.shaper.take()
		if err != nil {
			return nil, responseHead{}, err
		}
		head, err := sendRequest(upstream, request)
		if err == nil {
			return upstream, head, nil
		}
		upstream.Close()
		if !wasIdle || request.ContentLength != 0 || !errors.Is(err, errNoResponse) {
			return nil, head, err
		}
	}
}

// sendRequest passes the client's own Host on, so that redirects lead back to the proxy.
func sendRequest(upstream *connection, request *http.Request) (responseHead, error) {
	request.Header.Del("Connection")
	forwarded := *request
	forwarded.Close = false
	if request.Header.Get("User-Agent") == "" {
		// Otherwise Go adds its own.
		forwarded.Header = request.Header.Clone()
		forwarded.Header["User-Agent"] = []string{""}
	}
	var text bytes.Buffer
	sink := io.Writer(&text)
	if request.ContentLength != 0 {
		sink = upstream
	}
	if err := forwarded.Write(sink); err != nil {
		return responseHead{}, err
	}
	if _, err := upstream.Write(text.Bytes()); err != nil {
		return responseHead{}, fmt.Errorf("%w: %w", errNoResponse, err)
	}
	return upstream.responses.readHead()
}
