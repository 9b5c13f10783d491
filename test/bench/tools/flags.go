package main

import (
	"flag"
	"fmt"
	"strings"
)

// clientFlags are the ones that every client has.
type clientFlags struct {
	*flag.FlagSet
	insecure bool
	headers  headerFlags
}

func newClientFlags(name string) *clientFlags {
	flags := &clientFlags{FlagSet: newFlags(name)}
	flags.BoolVar(&flags.insecure, "insecure", false, "accept any certificate")
	flags.Var(&flags.headers, "header", "`Name: value` to send; may be repeated")
	return flags
}

func newFlags(name string) *flag.FlagSet {
	return flag.NewFlagSet(name, flag.ContinueOnError)
}

// parseFlags fails where one of `required` is missing.
func parseFlags(flags *flag.FlagSet, arguments []string, required ...string) error {
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	for _, name := range required {
		if flags.Lookup(name).Value.String() == "" {
			return fmt.Errorf("--%s is missing", name)
		}
	}
	return nil
}

// headerFlags collects header lines, without their line ends.
type headerFlags []string

func (h *headerFlags) String() string { return strings.Join(*h, ", ") }

func (h *headerFlags) Set(line string) error {
	name, value, found := strings.Cut(line, ":")
	if !found || name == "" || strings.ContainsAny(line, "\r\n") {
		return fmt.Errorf("expected Name: value, got %q", line)
	}
	*h = append(*h, name+": "+strings.TrimSpace(value))
	return nil
}

func (h *headerFlags) has(name string) bool {
	for _, line := range *h {
		if given, _, _ := strings.Cut(line, ":"); strings.EqualFold(given, name) {
			return true
		}
	}
	return false
}
