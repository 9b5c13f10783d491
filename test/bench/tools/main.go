// The clients and the upstream's wire of the bench: each command prints one JSON object on stdout, and fails on a wrong
// byte or an unexpected status.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

type command struct {
	summary string
	run     func(arguments []string) (any, error)
}

var commands = map[string]command{
	"requests":     {"asks for one document again and again", runRequests},
	"ranges":       {"asks for random ranges of one blob", runRanges},
	"stream":       {"reads whole blobs", runStream},
	"pull":         {"pulls an image as podman does", runPull},
	"idle":         {"holds connections that ask for nothing", runIdle},
	"streams-held": {"reads blobs slowly", runStreamsHeld},
	"shape":        {"puts latency and a bandwidth limit in front of a registry", runShape},
	"image":        {"makes an image of random bytes and pushes it", runImage},
}

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench-tools:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("no command given, expected one of\n" + listCommands())
	}
	chosen, known := commands[arguments[0]]
	if !known {
		return fmt.Errorf("no such command %q, expected one of\n%s", arguments[0], listCommands())
	}
	result, err := chosen.run(arguments[1:])
	if err != nil {
		return fmt.Errorf("%s: %w", arguments[0], err)
	}
	return printLine(result)
}

func listCommands() string {
	lines := make([]string, 0, len(commands))
	for name, command := range commands {
		lines = append(lines, fmt.Sprintf("  %-14s%s", name, command.summary))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func printLine(value any) error {
	return json.NewEncoder(os.Stdout).Encode(value)
}
