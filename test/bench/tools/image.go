package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

const (
	manifestMediaType = "application/vnd.oci.image.manifest.v1+json"
	configMediaType   = "application/vnd.oci.image.config.v1+json"
	layerMediaType    = "application/vnd.oci.image.layer.v1.tar"
)

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

func (d descriptor) hex() string { return d.Digest[len("sha256:"):] }

// storedBlob is a descriptor and the file that holds its content.
type storedBlob struct {
	descriptor
	File string `json:"file"`
}

type storedImage struct {
	Manifest storedBlob   `json:"manifest"`
	Config   storedBlob   `json:"config"`
	Layers   []storedBlob `json:"layers"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

func runImage(arguments []string) (any, error) {
	flags := newFlags("image")
	out := flags.String("out", "", "folder for the files, each named by the hex of its digest")
	layers := flags.Int("layers", 1, "how many")
	total := flags.Int64("bytes", 0, "of all layers together")
	seed := flags.Uint64("seed", 1, "another seed, other bytes")
	repository := flags.String("repository", "", "where to push it")
	tag := flags.String("tag", "latest", "as what to push it")
	push := flags.String("push", "", "URL of a plain registry; not pushed unless given")
	if err := parseFlags(flags, arguments, "out", "bytes"); err != nil {
		return nil, err
	}
	if *layers < 1 || *total < int64(*layers) {
		return nil, fmt.Errorf("expected a byte or more for each of the layers, got %d bytes for %d layers", *total, *layers)
	}
	image, err := makeImage(*out, *layers, *total, *seed)
	if err != nil || *push == "" {
		return image, err
	}
	return image, pushImage(image, *push, *repository, *tag)
}

// makeImage makes the same image of the same arguments; its layers are of one size, but for the last, which takes the rest.
func makeImage(folder string, layers int, total int64, seed uint64) (*storedImage, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	image := &storedImage{Layers: make([]storedBlob, layers)}
	for index := range layers {
		size := total / int64(layers)
		if index == layers-1 {
			size = total - size*int64(index)
		}
		layer, err := storeBlob(folder, layerMediaType, randomBytes(seed, uint64(index), size))
		if err != nil {
			return nil, err
		}
		image.Layers[index] = layer
	}
	var err error
	if image.Config, err = storeJSON(folder, configMediaType, configOf(image.Layers)); err != nil {
		return nil, err
	}
	image.Manifest, err = storeJSON(folder, manifestMediaType, manifestOf(image))
	return image, err
}

func randomBytes(seed, index uint64, size int64) io.Reader {
	key := sha256.Sum256(fmt.Appendf(nil, "layer %d of seed %d", index, seed))
	return io.LimitReader(rand.NewChaCha8(key), size)
}

func configOf(layers []storedBlob) any {
	diffIDs := make([]string, len(layers))
	for index, layer := range layers {
		diffIDs[index] = layer.Digest
	}
	return map[string]any{
		"architecture": "amd64",
		"os":           "linux",
		"config":       map[string]any{},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": diffIDs},
	}
}

func manifestOf(image *storedImage) manifest {
	result := manifest{SchemaVersion: 2, MediaType: manifestMediaType, Config: image.Config.descriptor}
	for _, layer := range image.Layers {
		result.Layers = append(result.Layers, layer.descriptor)
	}
	return result
}

func storeJSON(folder, mediaType string, content any) (storedBlob, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return storedBlob{}, err
	}
	return storeBlob(folder, mediaType, bytes.NewReader(text))
}

// storeBlob names the file when it is whole, so that a file under a digest always has that digest.
func storeBlob(folder, mediaType string, content io.Reader) (storedBlob, error) {
	file, err := os.CreateTemp(folder, ".partial-")
	if err != nil {
		return storedBlob{}, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	sum := sha256.New()
	size, err := io.CopyBuffer(io.MultiWriter(file, sum), content, make([]byte, 256<<10))
	if err != nil {
		return storedBlob{}, err
	}
	if err := file.Close(); err != nil {
		return storedBlob{}, err
	}
	if err := os.Chmod(file.Name(), 0o644); err != nil {
		return storedBlob{}, err
	}
	name := hex.EncodeToString(sum.Sum(nil))
	blob := storedBlob{descriptor{mediaType, "sha256:" + name, size}, filepath.Join(folder, name)}
	return blob, os.Rename(file.Name(), blob.File)
}
