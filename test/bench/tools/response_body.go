package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// readBody hands out the body of a response to GET in pieces, which are valid during the call only.
func (r *responseReader) readBody(head responseHead, take func(piece []byte) error) error {
	switch {
	case !head.hasBody():
		return nil
	case head.chunked:
		return r.readChunks(take)
	case head.contentLength >= 0:
		return r.readExactly(head.contentLength, take)
	default:
		return r.readToEnd(take)
	}
}

func (r *responseReader) readExactly(length int64, take func(piece []byte) error) error {
	for length > 0 {
		piece, err := r.nextPiece(length)
		if err != nil {
			return fmt.Errorf("reading the body, %d bytes before its end: %w", length, unexpected(err))
		}
		if err := take(piece); err != nil {
			return err
		}
		length -= int64(len(piece))
	}
	return nil
}

func (r *responseReader) readToEnd(take func(piece []byte) error) error {
	for {
		piece, err := r.nextPiece(1 << 62)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := take(piece); err != nil {
			return err
		}
	}
}

func (r *responseReader) readChunks(take func(piece []byte) error) error {
	for {
		length, err := r.readChunkSize()
		if err != nil {
			return err
		}
		if length == 0 {
			return r.skipTrailer()
		}
		if err := r.readExactly(length, take); err != nil {
			return err
		}
		if err := r.skipLineEnd(); err != nil {
			return err
		}
	}
}

func (r *responseReader) readChunkSize() (int64, error) {
	line, err := r.buffer.ReadSlice('\n')
	if err != nil {
		return 0, fmt.Errorf("reading a chunk's size: %w", unexpected(err))
	}
	digits, _, _ := bytes.Cut(line, []byte(";"))
	length, err := strconv.ParseInt(string(bytes.TrimSpace(digits)), 16, 64)
	if err != nil || length < 0 {
		return 0, fmt.Errorf("expected a chunk's size, got %.60q", line)
	}
	return length, nil
}

func (r *responseReader) skipLineEnd() error {
	line, err := r.buffer.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("reading a chunk's end: %w", unexpected(err))
	}
	if len(bytes.TrimRight(line, "\r\n")) > 0 {
		return fmt.Errorf("expected the end of a chunk, got %.60q", line)
	}
	return nil
}

func (r *responseReader) skipTrailer() error {
	for {
		line, err := r.buffer.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("reading the trailer: %w", unexpected(err))
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return nil
		}
	}
}

// nextPiece is what has arrived, at least one byte and at most `limit`; valid until the next read.
func (r *responseReader) nextPiece(limit int64) ([]byte, error) {
	if r.buffer.Buffered() == 0 {
		if _, err := r.buffer.Peek(1); err != nil {
			return nil, err
		}
	}
	piece, err := r.buffer.Peek(int(min(int64(r.buffer.Buffered()), limit)))
	if err != nil {
		return nil, err
	}
	// Discarding what is buffered leaves the bytes where they are.
	_, err = r.buffer.Discard(len(piece))
	return piece, err
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
