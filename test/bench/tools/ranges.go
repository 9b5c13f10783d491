package main

import (
	"net/http"
	"strconv"
)

func runRanges(arguments []string) (any, error) {
	flags := newClientFlags("ranges")
	url := flags.String("url", "", "what to ask for")
	path := flags.String("file", "", "file that it has to equal")
	size := flags.Int64("size", 1<<20, "bytes of each range")
	connections := flags.Int("connections", 1, "how many ask at once")
	duration := flags.Float64("seconds", 5, "how long is measured")
	warmup := flags.Float64("warmup", 0, "seconds before that")
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
	if _, err := newRangePick(int64(len(content)), *size, 0); err != nil {
		return nil, err
	}
	load := load{target: target, connections: *connections, warmup: fromSeconds(*warmup), duration: fromSeconds(*duration)}
	return load.run(func(index int) askOnce {
		pick, _ := newRangePick(int64(len(content)), *size, uint64(index))
		return askForRange(target.get("Range: bytes="), pick, content)
	})
}

// askForRange completes a request that ends in the beginning of its Range header.
func askForRange(request []byte, pick *rangePick, content []byte) askOnce {
	request = request[:len(request)-len("\r\n\r\n")]
	return func(connection *keptConnection) (int64, error) {
		start, end := pick.next()
		whole := strconv.AppendInt(request, start, 10)
		whole = append(whole, '-')
		whole = append(strconv.AppendInt(whole, end-1, 10), "\r\n\r\n"...)
		compared := comparison{expected: content[start:end]}
		if _, err := connection.get(whole, []int{http.StatusPartialContent}, compared.take); err != nil {
			return 0, err
		}
		return pick.size, compared.end()
	}
}
