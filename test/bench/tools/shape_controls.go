package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
)

// challenge sends a client for a token. One that is sent nowhere may ask again before each request.
func (c *shapedClient) challenge(request *http.Request) error {
	_, err := fmt.Fprintf(c.wire, "HTTP/1.1 401 Unauthorized\r\nDocker-Distribution-Api-Version: registry/2.0\r\n"+
		"Www-Authenticate: Bearer realm=\"http://%s/.shape/token\",service=\"bench\"\r\nContent-Length: 0\r\n\r\n", c.shaper.address)
	return err
}

// control answers `GET /.shape/token`, `GET /.shape/counts`, `POST /.shape/reset` and `POST /.shape/set`.
func (c *shapedClient) control(request *http.Request) error {
	status, body := http.StatusOK, []byte("{}")
	var err error
	switch request.Method + " " + request.URL.Path {
	case "GET /.shape/token":
		body = []byte(`{"token":"anonymous","access_token":"anonymous","expires_in":3600}`)
	case "GET /.shape/counts":
		err = c.shaper.counts.read(func(counts *wireCounts) (err error) {
			body, err = json.Marshal(counts)
			return err
		})
	case "POST /.shape/reset":
		c.shaper.counts.reset()
	case "POST /.shape/set":
		err = c.shaper.set(request)
	default:
		status = http.StatusNotFound
	}
	if err != nil {
		status = http.StatusBadRequest
		body, _ = json.Marshal(map[string]string{"error": err.Error()})
	}
	_, err = fmt.Fprintf(c.wire, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
	return err
}

// set leaves alone what is not given.
func (s *shaper) set(request *http.Request) error {
	for name, limit := range map[string]*atomic.Int64{"latency-ms": &s.latencyMs, "bytes-per-second": &s.bytesPerSecond} {
		given := request.URL.Query().Get(name)
		if given == "" {
			continue
		}
		value, err := strconv.ParseInt(given, 10, 64)
		if err != nil || value < 0 {
			return fmt.Errorf("%s: expected a number, got %q", name, given)
		}
		limit.Store(value)
	}
	return nil
}
