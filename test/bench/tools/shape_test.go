package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var blob = bytes.Repeat([]byte("0123456789abcdef"), 1<<16)

// startShaped returns the URL of a shaping proxy without limits, in front of a server of one blob.
func startShaped(t *testing.T) string {
	t.Helper()
	origin := http.NewServeMux()
	origin.HandleFunc("/blob", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(blob))
	})
	origin.HandleFunc("/chunked", func(w http.ResponseWriter, r *http.Request) {
		for start := 0; start < len(blob); start += 1000 {
			w.Write(blob[start:min(start+1000, len(blob))])
		}
	})
	origin.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/blob?to", http.StatusTemporaryRedirect)
	})
	origin.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	server := httptest.NewServer(origin)
	t.Cleanup(server.Close)
	target, err := parseTarget(server.URL, newClientFlags("shape"), smallBuffers)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	shaper := &shaper{target: target, counts: newWireCounts()}
	go shaper.serve(listener)
	return "http://" + listener.Addr().String()
}

func request(t *testing.T, method, url string, header ...string) (*http.Response, []byte) {
	t.Helper()
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for index := 0; index < len(header); index += 2 {
		request.Header.Set(header[index], header[index+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, body
}

func TestShapePassesResponsesOn(t *testing.T) {
	base := startShaped(t)
	for range 2 {
		if response, body := request(t, "GET", base+"/blob"); response.StatusCode != 200 || !bytes.Equal(body, blob) {
			t.Errorf("GET: %d, %d bytes", response.StatusCode, len(body))
		}
		if response, body := request(t, "GET", base+"/chunked"); response.ContentLength != -1 || !bytes.Equal(body, blob) {
			t.Errorf("chunks: length %d, %d bytes", response.ContentLength, len(body))
		}
		if response, body := request(t, "HEAD", base+"/blob"); response.ContentLength != int64(len(blob)) || len(body) != 0 {
			t.Errorf("HEAD: length %d, %d bytes", response.ContentLength, len(body))
		}
		if response, body := request(t, "GET", base+"/blob", "Range", "bytes=3-5"); response.StatusCode != 206 || string(body) != "345" {
			t.Errorf("range: %d %q", response.StatusCode, body)
		}
		if response, _ := request(t, "GET", base+"/away"); response.StatusCode != 307 || response.Header.Get("Location") != base+"/blob?to" {
			t.Errorf("redirect: %d to %s", response.StatusCode, response.Header.Get("Location"))
		}
	}
}

func TestShapePassesRequestBodiesOn(t *testing.T) {
	response, err := http.Post(startShaped(t)+"/echo", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); string(body) != "hello" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestShapeSendsNoChunksToClientsOfHTTP10(t *testing.T) {
	wire, err := net.Dial("tcp", strings.TrimPrefix(startShaped(t), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer wire.Close()
	fmt.Fprint(wire, "GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(wire), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(response.Body); len(response.TransferEncoding) > 0 || !bytes.Equal(body, blob) {
		t.Errorf("got %v, %d bytes, %v", response.TransferEncoding, len(body), err)
	}
}

func TestShapeCountsSinceTheLastReset(t *testing.T) {
	base := startShaped(t)
	request(t, "GET", base+"/blob")
	request(t, "POST", base+"/.shape/reset")
	request(t, "GET", base+"/blob?a=b", "Range", "bytes=0-9")
	request(t, "HEAD", base+"/blob")
	_, body := request(t, "GET", base+"/.shape/counts")
	var counts wireCounts
	if err := json.Unmarshal(body, &counts); err != nil {
		t.Fatal(err)
	}
	if counts.Requests != 2 || counts.Bytes != 10 || counts.ByPath["GET /blob"] != 1 || counts.BytesByPath["GET /blob"] != 10 {
		t.Errorf("got %s", body)
	}
}

func TestShapedConnectionIsNoFasterThanItsLimits(t *testing.T) {
	base := startShaped(t)
	if response, _ := request(t, "POST", base+"/.shape/set?latency-ms=30&bytes-per-second=10000000"); response.StatusCode != 200 {
		t.Fatalf("set: %d", response.StatusCode)
	}
	begin := time.Now()
	_, body := request(t, "GET", base+"/blob")
	// The last piece is on its way before its time is over, and a late sender may catch up a little.
	least := 30*time.Millisecond + 100*time.Millisecond - catchUp
	if took := time.Since(begin); took < least || !bytes.Equal(body, blob) {
		t.Errorf("%d bytes took %v, expected %v at least", len(body), took, least)
	}
}

func TestShapeRefusesSettingsThatAreNoNumbers(t *testing.T) {
	if response, _ := request(t, "POST", startShaped(t)+"/.shape/set?latency-ms=x"); response.StatusCode != 400 {
		t.Errorf("got %d", response.StatusCode)
	}
}
