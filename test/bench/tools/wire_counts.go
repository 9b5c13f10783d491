package main

import "sync"

// wireCounts are of the requests that clients sent since the last reset, and of the bodies that they got; by
// `METHOD /path`, without the query.
type wireCounts struct {
	lock        sync.Mutex
	Requests    int64            `json:"requests"`
	Bytes       int64            `json:"bytes"`
	ByPath      map[string]int64 `json:"byPath"`
	BytesByPath map[string]int64 `json:"bytesByPath"`
}

func newWireCounts() *wireCounts {
	counts := &wireCounts{}
	counts.reset()
	return counts
}

func (c *wireCounts) reset() {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.Requests, c.Bytes = 0, 0
	c.ByPath, c.BytesByPath = map[string]int64{}, map[string]int64{}
}

func (c *wireCounts) addRequest(path string) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.Requests++
	c.ByPath[path]++
}

func (c *wireCounts) addBytes(path string, bytes int64) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.Bytes += bytes
	c.BytesByPath[path] += bytes
}

// read calls `use` while nothing is counted.
func (c *wireCounts) read(use func(*wireCounts) error) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	return use(c)
}
