package main

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

// shapedResponse is one response on its way from the target to a client.
type shapedResponse struct {
	client      *shapedClient
	upstream    *connection
	head        responseHead
	path        string
	withoutBody bool
	http10      bool
	// closes says that the client's connection ends after this response.
	closes bool
}

// pass gives the target's connection back, or closes it where it cannot be used again.
func (r *shapedResponse) pass() (closes bool, err error) {
	endsWithConnection := !r.withoutBody && r.head.endsWithConnection()
	// A client of HTTP/1.0 knows no chunks: it reads to the end.
	r.closes = r.closes || endsWithConnection || (r.http10 && r.head.chunked)
	if err = r.passHead(); err == nil && !r.withoutBody {
		r.client.bucket.begin(time.Now())
		err = r.passBody()
	}
	if err != nil || r.head.closes || endsWithConnection {
		r.upstream.Close()
	} else {
		r.client.shaper.giveBack(r.upstream)
	}
	return r.closes, err
}

// passHead passes the lines on as they came, but for those about the connection.
func (r *shapedResponse) passHead() error {
	var text bytes.Buffer
	for line := range bytes.Lines(r.upstream.responses.headLines) {
		switch {
		case isHeader(line, "connection"), isHeader(line, "keep-alive"):
		case r.http10 && isHeader(line, "transfer-encoding"):
		default:
			text.Write(line)
		}
	}
	if r.closes {
		text.WriteString("Connection: close\r\n")
	} else if r.http10 {
		text.WriteString("Connection: keep-alive\r\n")
	}
	text.WriteString("\r\n")
	return r.write(text.Bytes())
}

func (r *shapedResponse) passBody() error {
	from := r.upstream.responses
	switch {
	case r.head.chunked && r.http10:
		return from.readChunks(r.send)
	case r.head.chunked:
		return r.passChunks()
	case r.head.contentLength >= 0:
		return r.passLength(r.head.contentLength)
	default:
		return from.readToEnd(r.send)
	}
}

func (r *shapedResponse) passChunks() error {
	err := r.upstream.responses.readChunks(func(piece []byte) error {
		if err := r.write(fmt.Appendf(nil, "%x\r\n", len(piece))); err != nil {
			return err
		}
		if err := r.send(piece); err != nil {
			return err
		}
		return r.write([]byte("\r\n"))
	})
	if err != nil {
		return err
	}
	return r.write([]byte("0\r\n\r\n"))
}

// passLength passes what is buffered, and lets the kernel move the rest from socket to socket.
func (r *shapedResponse) passLength(length int64) error {
	buffered := min(int64(r.upstream.responses.buffer.Buffered()), length)
	if err := r.upstream.responses.readExactly(buffered, r.send); err != nil {
		return err
	}
	for left := length - buffered; left > 0; {
		piece := min(left, r.waitForPiece())
		moved, err := r.move(piece)
		r.sent(moved)
		if err != nil {
			return err
		}
		left -= moved
	}
	return nil
}

func (r *shapedResponse) move(length int64) (int64, error) {
	// Both are TCP connections, which io.Copy splices.
	moved, err := io.Copy(r.client.wire, &io.LimitedReader{R: r.upstream.Conn, N: length})
	if err != nil {
		return moved, fmt.Errorf("%w: %w", errClientLeft, err)
	}
	if moved < length {
		return moved, fmt.Errorf("target ended the connection: %w", io.ErrUnexpectedEOF)
	}
	return moved, nil
}

// send paces what was read already.
func (r *shapedResponse) send(body []byte) error {
	for len(body) > 0 {
		piece := body[:min(int64(len(body)), r.waitForPiece())]
		if err := r.write(piece); err != nil {
			return err
		}
		r.sent(int64(len(piece)))
		body = body[len(piece):]
	}
	return nil
}

// waitForPiece returns how many bytes may be sent now.
func (r *shapedResponse) waitForPiece() int64 {
	rate := r.client.shaper.bytesPerSecond.Load()
	if rate == 0 {
		return unlimitedPieceBytes
	}
	if wait := r.client.bucket.delay(time.Now()); wait > 0 {
		time.Sleep(wait)
	}
	return pieceBytes(rate)
}

func (r *shapedResponse) sent(bytes int64) {
	r.client.shaper.counts.addBytes(r.path, bytes)
	if rate := r.client.shaper.bytesPerSecond.Load(); rate > 0 {
		r.client.bucket.use(time.Now(), bytes, rate)
	}
}

func (r *shapedResponse) write(bytes []byte) error {
	if _, err := r.client.wire.Write(bytes); err != nil {
		return fmt.Errorf("%w: %w", errClientLeft, err)
	}
	return nil
}
