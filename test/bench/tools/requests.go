package main

import (
	"net/http"
	"os"
	"time"
)

func runRequests(arguments []string) (any, error) {
	flags := newClientFlags("requests")
	url := flags.String("url", "", "what to ask for")
	expected := flags.String("expect", "", "file that every body has to equal")
	connections := flags.Int("connections", 1, "how many ask at once")
	duration := flags.Float64("seconds", 5, "how long is measured")
	warmup := flags.Float64("warmup", 0, "seconds before that")
	if err := parseFlags(flags.FlagSet, arguments, "url", "expect"); err != nil {
		return nil, err
	}
	target, err := parseTarget(*url, flags, smallBuffers)
	if err != nil {
		return nil, err
	}
	body, err := os.ReadFile(*expected)
	if err != nil {
		return nil, err
	}
	statuses := []int{http.StatusOK}
	if flags.headers.has("if-none-match") {
		statuses = append(statuses, http.StatusNotModified)
	}
	load := load{target: target, connections: *connections, warmup: fromSeconds(*warmup), duration: fromSeconds(*duration)}
	request := target.get()
	return load.run(func(int) askOnce { return askForDocument(request, statuses, body) })
}

func askForDocument(request []byte, statuses []int, body []byte) askOnce {
	compared := comparison{expected: body}
	return func(connection *keptConnection) (int64, error) {
		compared.at = 0
		head, err := connection.get(request, statuses, compared.take)
		if err != nil || head.status == http.StatusNotModified {
			return 0, err
		}
		return int64(len(body)), compared.end()
	}
}

func fromSeconds(seconds float64) time.Duration {
	return time.Duration(seconds * float64(time.Second))
}
