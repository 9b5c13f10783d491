package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// pushImage pushes to a registry that asks for no login: blobs in one PUT each, unless they are there, and then the
// manifest.
//
// See OCI distribution-spec, "Pushing a blob monolithically".
func pushImage(image *storedImage, registry, repository, tag string) error {
	if repository == "" {
		return fmt.Errorf("--repository is missing")
	}
	base := strings.TrimRight(registry, "/") + "/v2/" + repository
	for _, blob := range append([]storedBlob{image.Config}, image.Layers...) {
		if err := pushBlob(base, blob); err != nil {
			return fmt.Errorf("pushing blob %s: %w", blob.Digest, err)
		}
	}
	if err := putFile(base+"/manifests/"+tag, image.Manifest.MediaType, image.Manifest); err != nil {
		return fmt.Errorf("pushing manifest %s: %w", image.Manifest.Digest, err)
	}
	return nil
}

func pushBlob(base string, blob storedBlob) error {
	known, err := http.Head(base + "/blobs/" + blob.Digest)
	if err != nil {
		return err
	}
	known.Body.Close()
	if known.StatusCode == http.StatusOK {
		return nil
	}
	begun, err := http.Post(base+"/blobs/uploads/", "", nil)
	if err != nil {
		return err
	}
	begun.Body.Close()
	if err := expectStatus(begun.StatusCode, []int{http.StatusAccepted}); err != nil {
		return err
	}
	upload, err := begun.Location()
	if err != nil {
		return err
	}
	return putFile(withQuery(upload, "digest", blob.Digest), "application/octet-stream", blob)
}

func putFile(address, mediaType string, blob storedBlob) error {
	file, err := os.Open(blob.File)
	if err != nil {
		return err
	}
	defer file.Close()
	request, err := http.NewRequest(http.MethodPut, address, file)
	if err != nil {
		return err
	}
	request.ContentLength = blob.Size
	request.Header.Set("Content-Type", mediaType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		return fmt.Errorf("unexpected status %d, expected 201: %s", response.StatusCode, said)
	}
	return nil
}

func withQuery(address *url.URL, name, value string) string {
	query := address.Query()
	query.Set(name, value)
	changed := *address
	changed.RawQuery = query.Encode()
	return changed.String()
}
