package main

import (
	"net/http"
	"slices"
	"time"
)

type streamFigures struct {
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	// TTFBMs is the median time from a request to the first byte of its body.
	TTFBMs     float64 `json:"ttfbMs"`
	CPUSeconds float64 `json:"cpuSeconds"`
}

func runStream(arguments []string) (any, error) {
	flags := newClientFlags("stream")
	url := flags.String("url", "", "what to ask for")
	path := flags.String("file", "", "file that every body has to equal")
	streams := flags.Int("streams", 1, "how many at once, each on its own connection")
	rounds := flags.Int("rounds", 1, "how often each reads the whole body")
	if err := parseFlags(flags.FlagSet, arguments, "url", "file"); err != nil {
		return nil, err
	}
	target, err := parseTarget(*url, flags, largeBuffers)
	if err != nil {
		return nil, err
	}
	content, err := mapFile(*path)
	if err != nil {
		return nil, err
	}
	kept, err := openAll(target, *streams)
	if err != nil {
		return nil, err
	}
	return readStreams(kept, target.get(), content, *rounds)
}

// readStreams measures from the first request on, with all connections open.
func readStreams(kept []*keptConnection, request, content []byte, rounds int) (*streamFigures, error) {
	firstBytes := make([][]time.Duration, len(kept))
	cpuAtBegin, begin := cpuTime(), time.Now()
	err := together(len(kept), func(index int) error {
		defer kept[index].close()
		for range rounds {
			firstByte, err := readWhole(kept[index], request, content)
			if err != nil {
				return err
			}
			firstBytes[index] = append(firstBytes[index], firstByte)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &streamFigures{
		Bytes:      int64(len(content)) * int64(len(kept)*rounds),
		Seconds:    seconds(time.Since(begin)),
		TTFBMs:     summarize(slices.Concat(firstBytes...)).P50,
		CPUSeconds: seconds(cpuTime() - cpuAtBegin),
	}, nil
}

// readWhole returns how long the body's first byte took.
func readWhole(connection *keptConnection, request, content []byte) (firstByte time.Duration, err error) {
	compared := comparison{expected: content}
	asked := time.Now()
	_, err = connection.get(request, []int{http.StatusOK}, func(piece []byte) error {
		if compared.at == 0 {
			firstByte = time.Since(asked)
		}
		return compared.take(piece)
	})
	if err != nil {
		return 0, err
	}
	return firstByte, compared.end()
}
