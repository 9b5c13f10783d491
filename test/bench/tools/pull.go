package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const acceptedManifests = "Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, " +
	"application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json"

type pullFigures struct {
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	// FirstDoneSeconds and LastDoneSeconds are when the first and the last client had the whole image.
	FirstDoneSeconds float64 `json:"firstDoneSeconds"`
	LastDoneSeconds  float64 `json:"lastDoneSeconds"`
	// TTFBMs is the median time from a blob's request to the first byte of its body.
	TTFBMs float64 `json:"ttfbMs"`
	// ManifestMs is the median time from a manifest's request to its first byte.
	ManifestMs float64 `json:"manifestMs"`
	CPUSeconds float64 `json:"cpuSeconds"`
}

func runPull(arguments []string) (any, error) {
	flags := newClientFlags("pull")
	base := flags.String("base", "", "URL up to the repository's name: https://…/v2/REPOSITORY")
	reference := flags.String("reference", "latest", "tag or digest")
	blobs := flags.String("blobs", "", "folder of files by the hex of their digest")
	clients := flags.Int("clients", 1, "how many pull at once")
	parallel := flags.Int("parallel", 6, "blobs that each client reads at once")
	if err := parseFlags(flags.FlagSet, arguments, "base", "blobs"); err != nil {
		return nil, err
	}
	target, err := parseTarget(strings.TrimRight(*base, "/"), flags, smallBuffers)
	if err != nil {
		return nil, err
	}
	files := &mappedFolder{folder: *blobs}
	// No client's time is spent on reading the files.
	if err := files.mapAll(); err != nil {
		return nil, err
	}
	return pullTogether(target, *reference, files, *clients, *parallel)
}

func pullTogether(target *target, reference string, files *mappedFolder, clients, parallel int) (*pullFigures, error) {
	pulls := make([]pull, clients)
	cpuAtBegin, begin := cpuTime(), time.Now()
	err := together(clients, func(index int) error {
		pulls[index] = pull{target: target, files: files, parallel: parallel}
		err := pulls[index].run(reference)
		pulls[index].took = time.Since(begin)
		return err
	})
	if err != nil {
		return nil, err
	}
	figures := &pullFigures{Seconds: seconds(time.Since(begin)), CPUSeconds: seconds(cpuTime() - cpuAtBegin)}
	var done, manifests, blobs []time.Duration
	for index := range pulls {
		done = append(done, pulls[index].took)
		manifests = append(manifests, pulls[index].manifestFirstByte)
		blobs = append(blobs, pulls[index].blobFirstBytes...)
		figures.Bytes += pulls[index].bytes
	}
	figures.FirstDoneSeconds, figures.LastDoneSeconds = seconds(slices.Min(done)), seconds(slices.Max(done))
	figures.TTFBMs, figures.ManifestMs = summarize(blobs).P50, summarize(manifests).P50
	return figures, nil
}

// pull is of one client: the manifest, then config and layers, on as many connections as it reads blobs at once.
type pull struct {
	target   *target
	files    *mappedFolder
	parallel int

	took              time.Duration
	manifestFirstByte time.Duration

	lock           sync.Mutex
	bytes          int64
	blobFirstBytes []time.Duration
}

func (p *pull) run(reference string) error {
	first, err := openKept(p.target)
	if err != nil {
		return err
	}
	blobs, err := p.readManifest(first, reference)
	if err != nil {
		first.close()
		return fmt.Errorf("manifest %s: %w", reference, err)
	}
	queue := make(chan descriptor, len(blobs))
	for _, blob := range blobs {
		queue <- blob
	}
	close(queue)
	return together(min(p.parallel, len(blobs)), func(index int) error {
		if index == 0 {
			return p.readBlobs(first, queue)
		}
		opened, err := openKept(p.target)
		if err != nil {
			return err
		}
		return p.readBlobs(opened, queue)
	})
}

// readManifest returns the blobs of the manifest, each once.
func (p *pull) readManifest(connection *keptConnection, reference string) ([]descriptor, error) {
	request := p.target.getPath(p.target.url.Path+"/manifests/"+reference, acceptedManifests)
	var body []byte
	asked := time.Now()
	_, err := connection.get(request, []int{http.StatusOK}, func(piece []byte) error {
		if body == nil {
			p.manifestFirstByte = time.Since(asked)
		}
		body = append(body, piece...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	if _, err := p.files.find(hex.EncodeToString(sum[:])); err != nil {
		return nil, fmt.Errorf("its digest is sha256:%x: %w", sum, err)
	}
	p.bytes += int64(len(body))
	var parsed manifest
	if err := json.Unmarshal(body, &parsed); err != nil {
		return nil, err
	}
	return distinctBlobs(parsed), nil
}

func distinctBlobs(image manifest) []descriptor {
	var blobs []descriptor
	seen := map[string]bool{}
	for _, blob := range append([]descriptor{image.Config}, image.Layers...) {
		if !seen[blob.Digest] {
			seen[blob.Digest] = true
			blobs = append(blobs, blob)
		}
	}
	return blobs
}

func (p *pull) readBlobs(connection *keptConnection, queue <-chan descriptor) error {
	defer connection.close()
	for blob := range queue {
		content, err := p.files.find(blob.hex())
		if err != nil {
			return err
		}
		firstByte, err := readWhole(connection, p.target.getPath(p.target.url.Path+"/blobs/"+blob.Digest), content)
		if err != nil {
			return fmt.Errorf("blob %s: %w", blob.Digest, err)
		}
		p.lock.Lock()
		p.bytes += int64(len(content))
		p.blobFirstBytes = append(p.blobFirstBytes, firstByte)
		p.lock.Unlock()
	}
	return nil
}
