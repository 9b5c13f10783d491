package main

import (
	"bufio"
	"os"
	"time"
)

// lineOnStandardInput is closed at the next line, or at the end, of stdin.
func lineOnStandardInput() <-chan struct{} {
	line := make(chan struct{})
	go func() {
		defer close(line)
		bufio.NewReader(os.Stdin).ReadString('\n')
	}()
	return line
}

// waitForLine waits no longer than `limit`, where that is not 0.
func waitForLine(limit time.Duration) {
	var over <-chan time.Time
	if limit > 0 {
		over = time.After(limit)
	}
	select {
	case <-lineOnStandardInput():
	case <-over:
	}
}
